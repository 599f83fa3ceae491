"""Ids of the load: `<tag>-<number>`, in batches by HTTP `<tag>-<first>.<place>`.

An id is kept as its number, so that a long run needs one byte for an event and a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_MOST = 255


class Ids:
    """Gives the ids of one run and reads them back."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.given = 0
        self._form = re.compile(rf"{re.escape(tag)}-(\d+)(?:\.(\d+))?")

    def take(self, count: int = 1) -> int:
        """The first of `count` new numbers."""
        first = self.given
        self.given += count
        return first

    def text(self, number: int) -> str:
        """The id of a number."""
        return f"{self.tag}-{number}"

    def number(self, text: str) -> int | None:
        """The number in a text that holds an id of this run; None where there is none."""
        found = self._form.search(text)
        return None if found is None else int(found[1]) + int(found[2] or 0)


class Seen:
    """How often each number was seen; more than 255 times counts as 255."""

    def __init__(self) -> None:
        self._counts = bytearray()

    def add(self, number: int) -> None:
        """Counts a number once more."""
        if number >= len(self._counts):
            self._counts.extend(bytes(number + 1 - len(self._counts)))
        if self._counts[number] < _MOST:
            self._counts[number] += 1

    def drop(self, number: int) -> None:
        """Counts a number once less."""
        self._counts[number] -= 1

    def copy(self) -> Seen:
        """The same counts, which may then change."""
        made = Seen()
        made._counts = bytearray(self._counts)
        return made

    def __getitem__(self, number: int) -> int:
        return self._counts[number] if number < len(self._counts) else 0

    def __iter__(self) -> Iterator[int]:
        """Every number that was seen, in order."""
        return (number for number, count in enumerate(self._counts) if count)

    def __len__(self) -> int:
        """How many different numbers were seen."""
        return len(self._counts) - self._counts.count(0)
