"""From which figures on a scenario is degraded, and from which on it is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any


class Grade(IntEnum):
    """How bad a figure is; the larger, the worse."""

    GOOD = 0
    DEGRADED = 1
    BROKEN = 2


@dataclass(frozen=True, slots=True)
class Bound:
    """Two figures, the worse one last. Where it is the smaller one, little is bad."""

    degraded: float
    broken: float

    def grade(self, figure: float | None) -> Grade:
        """Of a figure; what is not known is good."""
        if figure is None:
            return Grade.GOOD
        if self.degraded < self.broken:
            return Grade((figure >= self.degraded) + (figure >= self.broken))
        return Grade((figure < self.degraded) + (figure < self.broken))


@dataclass(frozen=True, slots=True)
class Limits:
    """`[health]` of a scenario; the setting `health` changes single ones."""

    slo: float = 0.999
    """Share of requests that are to be answered with success."""
    success: Bound = Bound(0.999, 0.95)
    """Share of successful responses of a deployment."""
    p95: Bound = Bound(500, 2000)
    """Latency of a deployment that clients call, ms."""
    lag: Bound = Bound(5000, 100_000)
    """Records that wait in the queue."""
    queue_time: Bound = Bound(5000, 30_000)
    """p99 of the time from produced to stored, ms."""
    burn: Bound = Bound(6, 14.4)
    """How many times too fast the error budget goes: the rates of the usual alerts."""


NAMES = tuple(one.name for one in fields(Limits))
_SHARES = ("slo", "success")


def changed(limits: Limits, given: Mapping[str, Any]) -> Limits:
    """The limits with others for the names that are given: a number, or two in a list, the worse
    one last. Raises ValueError, a sentence that begins with the name."""
    checked: dict[str, Any] = {name: _checked(name, value) for name, value in given.items()}
    return replace(limits, **checked)


def read(words: str) -> dict[str, Any]:
    """What `changed` takes, of a text such as `slo = 0.99, lag = 1000 / 20000`. Raises
    ValueError."""
    given: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in words.split(","))):
        name, equals, figures = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise ValueError(f"{part!r} is no limit: write NAME = DEGRADED / BROKEN")
        try:
            numbers = [float(figure) for figure in figures.split("/")]
        except ValueError:
            raise ValueError(f"{name}: {figures!r} is no number, nor two with a /") from None
        given[name] = numbers[0] if name == "slo" and len(numbers) == 1 else numbers
    return given


def _checked(name: str, value: Any) -> float | Bound:
    if name not in NAMES:
        raise ValueError(f"{name} is not known; known are {', '.join(NAMES)}")
    if name == "slo":
        if not _number(value) or not 0 < value < 1:
            raise ValueError(f"{name} must be a share below 1, such as 0.999")
        return float(value)
    if not (isinstance(value, list) and len(value) == 2 and all(map(_number, value))):
        raise ValueError(f"{name} must be two numbers: degraded, broken")
    bound = Bound(float(value[0]), float(value[1]))
    falling = name in _SHARES
    if bound.degraded == bound.broken or (bound.degraded > bound.broken) != falling:
        raise ValueError(f"{name}: the worse number, the {'smaller' if falling else 'larger'} one, "
                         "must stand last")  # fmt: skip
    if falling and not 0 <= bound.broken <= bound.degraded <= 1:
        raise ValueError(f"{name} must be shares from 0 to 1")
    return bound


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
