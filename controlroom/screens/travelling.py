"""Keys that go through time: the axis of a room, or the recording that it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controlroom.commands.ports import Playable
    from controlroom.screens.room import RoomScreen


class Travelling:
    """Moves what is shown back and on."""

    def __init__(
        self,
        room: RoomScreen,
        playback: Playable | None,
        moved: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        """`moved` is called when a recording stands elsewhere; `say` tells a sentence."""
        self._room = room
        self._playback = playback
        self._moved = moved
        self._say = say

    def do_back(self, steps: int = -1) -> None:
        """Moves the time axis, or the recording, a part of what the axis shows."""
        if self._playback is None:
            self._room.time.travel(steps)
        else:
            self._room.time.travel(0)
            self._played(self._playback.seek, steps * self._room.time.stride)

    def do_forward(self) -> None:
        """The other way."""
        self.do_back(1)

    def do_now(self) -> None:
        """Now; where a recording is shown, its own now first, and then its end."""
        if self._playback is None or self._room.time.past:
            self._room.time.travel(0)
        else:
            self._played(self._playback.to_end)

    def do_faster(self, steps: int = 1) -> None:
        """A recording goes faster."""
        self._played(None if self._playback is None else self._playback.faster, steps)

    def do_slower(self) -> None:
        """A recording goes slower."""
        self.do_faster(-1)

    def do_step(self, seconds: float = 1.0) -> None:
        """A recording stands still, a second on."""
        self._played(None if self._playback is None else self._playback.step, seconds)

    def do_step_back(self) -> None:
        """A recording stands still, a second before."""
        self.do_step(-1.0)

    def hold(self) -> bool:
        """Holds a recording still, or lets it go on; False where none is shown."""
        if self._playback is None:
            return False
        self._played(self._playback.hold)
        return True

    def _played(self, move: Callable[..., None] | None, *by: float) -> None:
        if move is None:
            self._say("This is no recording: controlroom replay opens one.")
            return
        move(*by)
        self._moved()
