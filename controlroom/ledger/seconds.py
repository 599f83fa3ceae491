"""Seconds of loads and of experiments in one form, and what a stretch of them comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlroom.experiments.measures import EVERY
from controlroom.verdicts import Window


@dataclass(frozen=True, slots=True)
class Second:
    """One second. Latencies in ms; None is not known."""

    at: float
    """Its beginning, in seconds since the epoch."""
    good: int
    bad: int
    """Requests that failed or, of an open load, were never sent."""
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    lag: float | None = None
    missing: float | None = None
    arm: str = ""
    phase: str = ""
    block: int | None = None

    @property
    def success(self) -> float | None:
        """Share of what was due; None where nothing was."""
        done = self.good + self.bad
        return self.good / done if done else None

    def window(self) -> Window:
        """For the arithmetic of harm."""
        return Window(self.at, EVERY, self.good / EVERY, self.p95, self.lag)


def of_sample(line: Mapping[str, Any]) -> Second | None:
    """A line of an experiment's samples; None where it is none."""
    at, good, bad = (number(line.get(name)) for name in ("at", "good", "bad"))
    if at is None or good is None or bad is None:
        return None
    block = line.get("block")
    return Second(
        at - EVERY, int(good), int(bad), *_times(line),
        lag=number(line.get("lag")), missing=number(line.get("missing")),
        arm=str(line.get("arm") or ""), phase=str(line.get("phase") or ""),
        block=block if isinstance(block, int) else None,
    )  # fmt: skip


def of_load(line: Mapping[str, Any]) -> Second | None:
    """A line of a load's seconds; None where it is none."""
    at, good, bad = (number(line.get(name)) for name in ("t", "answered", "failed"))
    if at is None or good is None or bad is None:
        return None
    dropped = number(line.get("dropped")) or 0
    return Second(at, int(good), int(bad + dropped), *_times(line))


def number(value: Any) -> float | None:
    """A finite number of a file; None for anything else."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None


def success_of(seconds: Sequence[Second]) -> float | None:
    """Share of good answers of all of them."""
    good, bad = sum(one.good for one in seconds), sum(one.bad for one in seconds)
    return good / (good + bad) if good + bad else None


def _times(line: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    return number(line.get("p50")), number(line.get("p95")), number(line.get("p99"))
