"""What the users of a load share: which request is next, and which bound has ended the load."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

Bound = Literal["number", "file", "timeout", "stopped"]


UNBOUNDED = 1_000_000_000
"""Request numbers that a part keeps for itself where nobody knows how many it will send."""


@dataclass(frozen=True, slots=True)
class LoadPart:
    """What one of several load processes sends: every `of`-th body, in numbers of its own."""

    index: int = 0
    of: int = 1

    def share(self, total: int) -> int:
        """How many of `total` requests it sends."""
        return (total - self.index + self.of - 1) // self.of

    def before(self, total: int | None) -> int:
        """Numbers that the parts before it use, so that no two requests have the same."""
        if total is None:
            return self.index * UNBOUNDED
        return sum(LoadPart(index, self.of).share(total) for index in range(self.index))


WHOLE = LoadPart()


class Supply:
    """Hands out request numbers with their bodies, until a bound is met. One that is the whole
    load begins with 1."""

    def __init__(
        self,
        bodies: Iterator[bytes],
        number: int | None = None,
        in_file: int | None = None,
        on_close: Callable[[], None] = lambda: None,
        part: LoadPart = WHOLE,
    ) -> None:
        """`number`: requests asked for; `in_file`: requests that the file gives, if it ends.
        Both are those of the whole load, of which `part` is sent."""
        self._bodies = islice(bodies, part.index, None, part.of)
        self.bound: Bound | None = None
        self.taken = 0
        by_number = in_file is None or (number is not None and number <= in_file)
        whole = number if by_number else in_file
        self.total = None if whole is None else part.share(whole)
        self._first = part.before(whole)
        self._last: Bound = "number" if by_number else "file"
        self._on_close = on_close
        if self.total == 0:
            self.close(self._last)

    def take(self) -> tuple[int, bytes] | None:
        """The next request, or None when no more is to be sent."""
        if self.bound is not None:
            return None
        self.taken += 1
        request = self._first + self.taken, next(self._bodies)
        if self.taken == self.total:
            self.close(self._last)
        return request

    def close(self, bound: Bound) -> None:
        """No more requests; the first bound that is met is the one that counts."""
        if self.bound is None:
            self.bound = bound
            self._on_close()


def bodies_of(records: Iterable[Mapping[str, Any]], batch: int = 1) -> Iterator[bytes]:
    """One JSON body for each request: a record, or an array of up to `batch` of them."""
    source = iter(records)
    if batch == 1:
        return map(_json, source)
    return map(_json, iter(lambda: list(islice(source, batch)), []))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Sorted numbers as [first, last] pairs."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found
