"""The ring behind the log tail."""

from __future__ import annotations

from collections import deque

from controlroom.model.log import LogBatch, LogLine, LogView


class LogTail:
    """The newest `size` lines, numbered since the room opened."""

    def __init__(self, size: int) -> None:
        self._lines: deque[LogLine] = deque(maxlen=size)
        self._seen = 0
        self._skipped = 0
        self._recent: deque[tuple[float, int]] = deque()
        self._total = 0
        self._tuple: tuple[LogLine, ...] = ()

    def apply(self, at: float, batch: LogBatch) -> None:
        """Adds the lines of one batch, measured at `at`."""
        self._total = batch.total
        if batch.skipped:
            self._skipped += batch.skipped
            self._recent.append((at, batch.skipped))
        if batch.lines:
            self._lines.extend(batch.lines)
            self._seen += len(batch.lines)
            self._tuple = tuple(self._lines)

    def resume(self, seen: int, before: LogBatch) -> None:
        """Begins behind so many lines, of which none is here."""
        self._seen, self._skipped, self._total = seen, before.skipped, before.total

    def view(self, now: float) -> LogView:
        """What the pane shows at this moment."""
        while self._recent and self._recent[0][0] < now - 1.0:
            self._recent.popleft()
        return LogView(
            lines=self._tuple,
            first=self._seen - len(self._tuple),
            skipped=self._skipped,
            skipped_now=sum(count for _, count in self._recent),
            total=self._total,
        )
