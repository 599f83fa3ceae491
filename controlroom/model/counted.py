"""Requests counted from the raw counters of Prometheus, to the event.

`increase` is a rate made long: it extends what the scrapes saw to the edges of its window, and does
not know the first value of a series that appears. A difference of counters does neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers of a deployment since it was looked at first."""

    good: int = 0
    bad: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.good + self.bad

    def since(self, before: Answers) -> Answers:
        """Those that came after `before` was read."""
        return Answers(self.good - before.good, self.bad - before.bad)


class Counted:
    """Adds up what counters rise by from look to look; those of pods that are gone stay."""

    def __init__(self) -> None:
        self._last: dict[frozenset[tuple[str, str]], float] = {}
        self._looked = False
        self._answers: dict[str, Answers] = {}

    def see(self, result: Sequence[Mapping[str, Any]]) -> None:
        """One look at `response_total` (`data.result` of an instant query).

        A counter that is new began at 0, and so did one that is lower than it was. At the first
        look all are taken as they are.
        """
        for series in result:
            labels, value = series["metric"], float(series["value"][1])
            key = frozenset(labels.items())
            before = self._last.get(key, 0.0 if self._looked else value)
            risen = round(value - before if value >= before else value)
            self._last[key] = value
            if risen:
                self._add(labels.get("deployment", ""), labels.get("classification", ""), risen)
        self._looked = True

    def of(self, deployment: str) -> Answers:
        """What its counters rose by since the first look."""
        return self._answers.get(deployment, Answers())

    def _add(self, deployment: str, classification: str, risen: int) -> None:
        now = self.of(deployment)
        bad = classification == "failure"
        self._answers[deployment] = Answers(now.good + risen * (not bad), now.bad + risen * bad)
