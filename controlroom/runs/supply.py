"""What the users of a load share: which request is next, and which bound has ended the load."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Literal

Bound = Literal["number", "file", "timeout", "stopped"]


class Supply:
    """Hands out request numbers from 1 with their bodies, until a bound is met."""

    def __init__(
        self,
        bodies: Iterator[bytes],
        number: int | None = None,
        in_file: int | None = None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        """`number`: requests asked for; `in_file`: requests that the file gives, if it ends."""
        self._bodies = bodies
        self.bound: Bound | None = None
        self.taken = 0
        by_number = in_file is None or (number is not None and number <= in_file)
        self.total = number if by_number else in_file
        self._last: Bound = "number" if by_number else "file"
        self._on_close = on_close

    def take(self) -> tuple[int, bytes] | None:
        """The next request, or None when no more is to be sent."""
        if self.bound is not None:
            return None
        self.taken += 1
        request = self.taken, next(self._bodies)
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
