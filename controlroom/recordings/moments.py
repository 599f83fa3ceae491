"""Frames of moments that are past, of what is kept of a target, or of a recording."""

from __future__ import annotations

import threading
from collections.abc import Callable

from controlroom.model.frame import Frame
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.kept import PACE
from controlroom.recordings.player import Player
from controlroom.recordings.reader import Recording

HOLE = max(PACE.values())
"""Seconds behind the end of a block that it still tells of: reports are kept so seldom."""


class Moments:
    """Plays what is recorded to one moment after the other, in any order."""

    def __init__(self, opened: Callable[[], Recording]) -> None:
        """`opened` reads anew what there is; it is called again where more was written since."""
        self._opened = opened
        self._player: Player | None = None
        self._one_at_a_time = threading.Lock()

    def frame(self, at: float) -> Frame | None:
        """As it was then; None where nothing was kept of it. Reads files: for a thread."""
        with self._one_at_a_time:
            try:
                if self._player is None or at > self._player.recording.last:
                    self._player = Player(self._opened())
            except RecordingError:
                self._player = None
                return None
            blocks = self._player.recording.blocks
            if not any(block.first <= at <= block.last + HOLE for block in blocks):
                return None
            return self._player.frame(at)
