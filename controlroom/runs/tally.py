"""What a load process counts between two reports."""

from __future__ import annotations

from controlroom.arrivals.failures import bounded
from controlroom.runs.report import LoadProgress
from controlroom.runs.supply import ranges


class AnswerTally:
    """Counts answers; `report` gives what is new and starts the next interval."""

    def __init__(self) -> None:
        self.sent = 0
        self.done = 0
        self._kinds: set[str] = set()
        self._new = LoadProgress()
        self._good: list[int] = []

    def good(self, number: int, took: float, late: float | None) -> None:
        """One request was answered with success after `took` seconds."""
        self.done += 1
        self._good.append(number)
        self._new.took.append(round(took * 1e6))
        if late is not None:
            self._new.late.append(round(late * 1e6))

    def bad(self, kind: str, count: int = 1) -> None:
        """That many requests failed in one way."""
        self.done += count
        word = bounded(kind, self._kinds)
        self._kinds.add(word)
        self._new.failures[word] = self._new.failures.get(word, 0) + count

    def report(self) -> LoadProgress:
        """What happened since the call before."""
        new, self._new = self._new, LoadProgress()
        good, self._good = self._good, []
        new.sent = self.sent
        new.acknowledged = ranges(good)
        return new
