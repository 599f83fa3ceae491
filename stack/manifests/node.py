"""One value of a YAML document that knows where it stands, for errors with file and field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from host.errors import StackError
from stack.manifests.ignored import ignored

_SUFFIXES = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
}


@dataclass(frozen=True, slots=True)
class Node:
    """A value, the file it comes from and its path in the document (`spec.template`)."""

    value: Any
    file: str
    path: str

    def refuse(self, why: str, fix: str = "") -> StackError:
        """The error for this field; raise it."""
        place = f"{self.file}: {self.path}" if self.path else self.file
        return StackError(
            f"{place}: {why}", fix or "Change the manifest, or leave the field out.", "refused"
        )

    def only(self, *fields: str, place: str = "") -> Node:
        """Itself, after checking that it is a mapping of these fields and ignored ones."""
        allowed = {*fields, *ignored(place)}
        for key in self.mapping():
            if key not in allowed:
                raise self.at(key).refuse("the local stack does not know this field.")
        return self

    def at(self, key: str) -> Node:
        """The member of that name; its value is None where it is absent."""
        return Node(self.mapping().get(key), self.file, f"{self.path}.{key}" if self.path else key)

    def has(self, key: str) -> bool:
        """Whether the member is there and not null."""
        return self.mapping().get(key) is not None

    def mapping(self) -> dict[str, Any]:
        """The value as a mapping; nothing counts as an empty one."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.refuse("must be a mapping.")
        return self.value

    def items(self) -> Iterator[Node]:
        """The items of a list; nothing counts as an empty one."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.refuse("must be a list.")
        for index, item in enumerate(self.value):
            yield Node(item, self.file, f"{self.path}[{index}]")

    def text(self, default: str | None = None) -> str:
        """The value as text."""
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, str) or not self.value:
            raise self.refuse("must be a text.", 'Write a text, quoted ("...") if it is a number.')
        return self.value

    def integer(self, default: int | None = None, minimum: int = 0) -> int:
        """The value as a whole number that is not below the minimum."""
        if self.value is None and default is not None:
            return default
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.refuse("must be a whole number.", "Write a whole number without quotes.")
        if self.value < minimum:
            raise self.refuse(f"must be {minimum} or more.")
        return self.value

    def flag(self, default: bool) -> bool:
        """The value as true or false."""
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            raise self.refuse("must be true or false.")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """The value as a list of texts."""
        return tuple(item.text() for item in self.items())

    def labels(self) -> dict[str, str]:
        """The value as a mapping of texts, without line ends."""
        return {key: self.at(key).text() for key in self.mapping()}

    def quantity(self) -> float:
        """The value as a quantity of Kubernetes: `500m` is 0.5, `64Mi` is 67108864."""
        if isinstance(self.value, (int, float)) and not isinstance(self.value, bool):
            return float(self.value)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([a-zA-Z]*)", self.text())
        if match is None or match[2] not in _SUFFIXES:
            raise self.refuse("must be a quantity such as 500m or 64Mi.")
        return float(match[1]) * _SUFFIXES[match[2]]
