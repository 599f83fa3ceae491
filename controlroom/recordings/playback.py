"""A recording as the room's source: it stands in for the board, and time goes as it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from controlroom.model.frame import Frame
from controlroom.model.tallies import Chosen
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.moments import Moments
from controlroom.recordings.player import Player
from controlroom.recordings.reader import Recording

if TYPE_CHECKING:
    from controlroom.model.log import LogLine

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
REFUSED = "This is a recording: nothing can be changed in it."
UNASKED = "This is a recording: there is no target behind it to ask or to change."
_FIX = "Open the room on the target itself: controlroom launch"


class Playback:
    """Frames of a recording; whatever changes something, or asks a target, is refused."""

    refusal = REFUSED

    def __init__(
        self,
        recording: Recording,
        *,
        speed: float = 1.0,
        start: float | None = None,
        loop: bool = False,
        word: str = "replay",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`loop` begins again at the end. Raises RecordingError for a speed that is not there."""
        if speed not in SPEEDS:
            known = ", ".join(f"{one:g}" for one in SPEEDS)
            raise RecordingError(f"--speed {speed:g} is not possible.", f"Use one of {known}.")
        self._player = Player(recording)
        self._moments = Moments(lambda: recording)
        self._first, self._last = recording.first, recording.last
        self._clock = clock
        self._loop, self._word = loop, word
        self._speed = speed
        self._held = False
        self._again = 0
        self._at = self._inside(self._first if start is None else start)
        self._asked = clock()

    def frame(self, now: float, chosen: Chosen | None = None) -> Frame:
        """The frame of the moment at which the recording stands now."""
        self._go_on()
        return replace(self._player.frame(self._at), read_only=True)

    def past(self, at: float) -> Frame | None:
        """The frame of a moment before that at which it stands."""
        return self._moments.frame(at)

    @property
    def calm(self) -> bool:
        """Whether it stands still."""
        self._go_on()
        return self._held or self._ended

    @property
    def said(self) -> str:
        """Where it stands, for the header: `replay 14:02:11 x4`."""
        self._go_on()
        at = time.strftime("%H:%M:%S", time.localtime(self._at))
        how = "end" if self._ended else "held" if self._held else f"x{self._speed:g}"
        again = f" round {self._again + 1}" if self._again else ""
        return f"{self._word} {at} {how}{again}"

    def hold(self) -> None:
        """Stands still, or goes on; from the end it begins again."""
        self._go_on()
        if self._ended:
            self._at, self._held = self._first, False
        else:
            self._held = not self._held

    def seek(self, seconds: float) -> None:
        """So much further, or back where it is negative."""
        self._go_on()
        self._at = self._inside(self._at + seconds)

    def step(self, seconds: float) -> None:
        """The same, and stands still there."""
        self._held = True
        self.seek(seconds)

    def to_end(self) -> None:
        """Shows the last moment."""
        self._held = False
        self.seek(self._last - self._at)

    def faster(self, steps: int) -> None:
        """The next speed, or an earlier one where it is negative."""
        self._go_on()
        place = SPEEDS.index(self._speed) + steps
        self._speed = SPEEDS[max(0, min(len(SPEEDS) - 1, place))]

    def sides(self, now: float) -> Sequence[Frame]:
        """There is one target."""
        return ()

    def refuse(self, command: str) -> None:
        """Needs no audit: there is no target."""

    async def perform(self, *_: object) -> NoReturn:
        """An act changes a target. Raises RecordingError."""
        raise RecordingError(REFUSED, _FIX)

    async def _unasked(self, *_: object) -> NoReturn:
        """Whatever asks a target, and changes nothing. Raises RecordingError."""
        raise RecordingError(UNASKED, _FIX)

    line = retry = effects = compare_runs = _unasked
    chaos_files = split_files = preview_fault = preview_split = _unasked
    experiment_files = plan_experiment = _unasked

    def where(self) -> NoReturn:
        """There is no target behind it. Raises RecordingError."""
        raise RecordingError(UNASKED, _FIX)

    async def log_page(self, before_first: int, n: int) -> Sequence[LogLine]:
        """There are no lines but those of the ring."""
        return ()

    @property
    def _ended(self) -> bool:
        return self._at >= self._last and not self._loop

    def _go_on(self) -> None:
        now = self._clock()
        passed, self._asked = now - self._asked, now
        if self._held:
            return
        self._at += passed * self._speed
        if self._at > self._last and self._loop:
            self._again += 1
            self._at = self._first
        self._at = self._inside(self._at)

    def _inside(self, at: float) -> float:
        return max(self._first, min(self._last, at))
