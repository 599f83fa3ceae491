"""The lines that a needle fits, gone through one by one, round at both ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from controlroom.model.needle import Needle

NOTHING = "Nothing is looked for: / asks for a text."
"""What is said where there is no needle."""
NONE_HERE = "No line here holds that text."


@dataclass(frozen=True, slots=True)
class Match:
    """A line that fits."""

    at: int
    """Its index among all lines that are shown."""
    number: int
    """Its place among those that fit, from 1."""
    count: int
    wrapped: Literal["", "first", "last"] = ""
    """Where it went on, when there was none left on that side."""

    @property
    def said(self) -> str:
        """Such as `match 3 of 17`, and that it went round."""
        more = f", wrapped to the {self.wrapped}" if self.wrapped else ""
        return f"match {self.number:,} of {self.count:,}{more}"


def places(lines: Sequence[str], needle: Needle) -> list[int]:
    """Indexes of the lines that fit."""
    return [index for index, line in enumerate(lines) if needle.fits(line)]


def beside(fitting: Sequence[int], here: int, step: int) -> Match | None:
    """The match after line `here` (step 1), or before it (-1); None where nothing fits."""
    if not fitting:
        return None
    count = len(fitting)
    if step > 0:
        number = bisect_right(fitting, here)
        return Match(fitting[number % count], number % count + 1, count, _round(number == count, 1))
    number = bisect_left(fitting, here) - 1
    return Match(fitting[number], number % count + 1, count, _round(number < 0, -1))


def _round(wrapped: bool, step: int) -> Literal["", "first", "last"]:
    if not wrapped:
        return ""
    return "first" if step > 0 else "last"
