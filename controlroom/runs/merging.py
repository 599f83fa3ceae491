"""Several load processes as one: their progress, added up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from controlroom.runs.report import LoadProgress

LOST = "no answer known: its load worker was lost"
BOUNDS: Final = ("stopped", "timeout", "number", "file")
"""Of several, the first of these is what ended the whole."""


class Merging:
    """Takes in the lines of `workers` load processes and gives lines of the whole load."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._last: dict[str, LoadProgress] = {}
        self._answered: dict[str, int] = {}
        self._new = LoadProgress()
        self._lines = 0

    def add(self, worker: str, line: LoadProgress) -> None:
        """One line of one of them."""
        self._last[worker] = line
        answered = len(line.took) + sum(line.failures.values())
        self._answered[worker] = self._answered.get(worker, 0) + answered
        new = self._new
        new.took += line.took
        new.late += line.late
        new.acknowledged += line.acknowledged
        _add(new.failures, line.failures)

    @property
    def complete(self) -> bool:
        """Whether all have said their last word."""
        return self.settled(frozenset())

    def settled(self, gone: Collection[str]) -> bool:
        """Whether all have said their last word but those that are gone."""
        silent = self.workers - sum(one.final for one in self._last.values())
        missed = [name for name in gone if name not in self._last or not self._last[name].final]
        return silent <= len(missed)

    def lose(self) -> None:
        """Whoever has not said a last word never will: what it sent has no answer that is known."""
        silent = {name: one for name, one in self._last.items() if not one.final}
        for name, one in silent.items():
            if one.sent > self._answered[name]:
                _add(self._new.failures, {LOST: one.sent - self._answered[name]})
        lost = self.workers - len(self._last) + len(silent)
        self._new.error = f"{lost} of {self.workers} load workers did not say how they ended"

    def take(self) -> LoadProgress:
        """What happened since the call before, as the next line."""
        new, self._new = self._new, LoadProgress()
        lasts = list(self._last.values())
        self._lines += 1
        new.line_number = self._lines
        new.elapsed = max((one.elapsed for one in lasts), default=0.0)
        new.sent = sum(one.sent for one in lasts)
        new.users = sum(one.users for one in lasts)
        totals = [one.total for one in lasts if one.total is not None]
        new.total = sum(totals) if len(totals) == self.workers else None
        ended = {one.bound for one in lasts}
        if len(lasts) == self.workers and "" not in ended:
            new.bound = next(bound for bound in BOUNDS if bound in ended)
        new.error = new.error or next((one.error for one in lasts if one.error), "")
        return new


def _add(sums: dict[str, int], more: Mapping[str, int]) -> None:
    for kind, count in more.items():
        sums[kind] = sums.get(kind, 0) + count
