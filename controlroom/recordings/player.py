"""Makes of a recording the frames that the room had."""

from __future__ import annotations

from collections.abc import Iterator

from controlroom.model.board import CURVE_SECONDS, Board
from controlroom.model.frame import LOG, Frame
from controlroom.model.log import LogBatch
from controlroom.model.samples import Sample
from controlroom.recordings.format import Line, decode_value, report_of
from controlroom.recordings.reader import Recording

AHEAD = 120.0
"""Seconds forward that are played through; beyond, it begins anew nearer to the moment."""


class Player:
    """A board that is told what was recorded, up to the moment that is asked for."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.unread = 0
        """Lines that could not be read."""
        self._at = float("-inf")
        self._values: dict[str, object] = {}
        self._lines: Iterator[tuple[Line, bool]] = iter(())
        self._next: tuple[Line, bool] | None = None
        self._board = self._blank()

    def frame(self, at: float) -> Frame:
        """The frame of that moment, as it was; also one before the moment asked for last."""
        if at < self._at or at > self._at + AHEAD:
            self._begin(at)
        self._at = at
        while self._next is not None and self._next[0].at <= at:
            self._apply(*self._next)
            self._next = next(self._lines, None)
        return self._board.frame(at)

    def _begin(self, at: float) -> None:
        """Far enough back that the curves are whole."""
        self._board, self._values = self._blank(), {}
        block = self.recording.block_at(at - CURVE_SECONDS)
        self._lines = self.recording.lines(block)
        self._next = next(self._lines, None)

    def _apply(self, line: Line, before: bool) -> None:
        told = not (line.same or line.empty or line.error is not None)
        try:
            if told:
                self._values[line.source] = decode_value(line.source, line.value)
            value = self._values[line.source] if line.same or told else None
        except Exception:  # whatever a damaged line can hold
            self.unread += 1
            return
        report = report_of(line, value)
        if not before:
            self._board.apply(report)
            return
        if line.source == LOG.name and isinstance(report, Sample):
            assert isinstance(value, LogBatch)
            self._board.resume_log(line.seen, value)
        self._board.resume(report, line.since or line.at)

    def _blank(self) -> Board:
        head = self.recording.head
        return Board(
            head.scenario, head.title, head.target, periods=head.periods, limits=head.limits
        )
