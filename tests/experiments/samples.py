"""Seconds of an experiment, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlroom.experiments.measures import Sample


def sample(at: float, phase: str = "fault", **seen: Any) -> Sample:
    """A second in which all is well, but for what is said."""
    calm: dict[str, Any] = {
        "good": 100, "bad": 0, "p50": 2.0, "p95": 5.0, "p99": 9.0, "lag": 10, "missing": 0,
        "lost": 0, "doubled": 0,
    }  # fmt: skip
    return Sample(at, phase, **{**calm, **seen})


def calm(first: int, last: int, phase: str = "fault") -> Sequence[Sample]:
    """Good seconds from `first` to `last`, both with."""
    return [sample(float(at), phase) for at in range(first, last + 1)]
