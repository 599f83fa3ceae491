"""Typed reading of one TOML table, with errors that name file, line, table and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NoReturn

from scenarios.errors import ScenarioError

_HEADER = re.compile(r"^\s*\[+\s*([A-Za-z0-9_.-]+)\s*\]+")


class ScenarioText:
    """A scenario file: its name for messages, and its text, in which lines are looked up."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._lines = text.splitlines()

    def line(self, table: str, index: int, key: str) -> int | None:
        """Line (from 1) of `key` in the table, else of the table's header, else None."""
        seen, header = -1, None
        inside = table == ""
        for number, line in enumerate(self._lines, 1):
            found = _HEADER.match(line)
            if found:
                seen += found[1] == table
                inside = found[1] == table and seen == index
                header = number if inside else header
            elif inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return number
        return header


class Table:
    """One table of a file. Every key must be read, or `done` refuses it."""

    def __init__(
        self, source: ScenarioText, data: Mapping[str, Any], name: str = "", index: int = 0
    ) -> None:
        self._source = source
        self._data = data
        self._name = name
        self._index = index
        self._known: dict[str, None] = {}

    def fail(self, key: str, message: str, fix: str) -> NoReturn:
        """Raise a ScenarioError about `key` of this table."""
        line = self._source.line(self._name, self._index, key)
        place = f"{self._source.name}{f', line {line}' if line else ''}"
        table = f"[{self._name}] " if self._name else ""
        number = f"(number {self._index + 1}) " if self._index else ""
        raise ScenarioError(f"{place}: {table}{number}{key}: {message}", fix)

    def get(self, key: str, kind: type, default: Any, what: str) -> Any:
        """The value of `key`, of type `kind`; `default` where absent, an error if that is None."""
        self._known[key] = None
        value = self._data.get(key, default)
        if value is None:
            self.fail(key, "is missing", f"add {key} = ... ({what})")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fail(key, f"must be {what}", f"make {key} {what}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default it may not be absent or empty."""
        value: str = self.get(key, str, default, "a text")
        if default is None and not value.strip():
            self.fail(key, "is empty", f"give {key} a text")
        return value

    def maybe_text(self, key: str) -> str | None:
        """A text, or None where absent."""
        return self.text(key) if self._has(key) else None

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """One of `allowed`."""
        value = self.text(key)
        if value not in allowed:
            self.fail(
                key, f"is {value!r}", f"use one of {', '.join(allowed)}{near(value, allowed)}"
            )
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        value: int = self.get(key, int, default, "a whole number")
        return value

    def maybe_integer(self, key: str) -> int | None:
        """A whole number, or None where absent."""
        return self.integer(key) if self._has(key) else None

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        values = self.get(key, list, None if default is None else list(default), "a list of texts")
        if not all(isinstance(value, str) and value for value in values):
            self.fail(key, "must hold texts only", f'write {key} = ["...", "..."]')
        return tuple(values)

    def maybe_texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts, or None where absent."""
        return self.texts(key) if self._has(key) else None

    def mapping(self, key: str, default: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """An inline table."""
        value: Mapping[str, Any] = self.get(key, dict, default, "a table { name = value }")
        return value

    def table(self, key: str) -> Table:
        """A table of its own that must be there."""
        data = self.get(key, dict, None, f"a table [{key}]")
        return Table(self._source, data, key)

    def maybe_table(self, key: str) -> Table | None:
        """A table of its own, or None where absent."""
        return self.table(key) if self._has(key) else None

    def tables(self, key: str, least: int = 0) -> list[Table]:
        """The tables `[[key]]`, at least that many."""
        values = self.get(key, list, [], f"tables [[{key}]]")
        if len(values) < least:
            self.fail(key, "is missing", f"add at least one table [[{key}]]")
        if not all(isinstance(value, dict) for value in values):
            self.fail(key, f"must be tables [[{key}]]", f"write each as [[{key}]]")
        return [Table(self._source, value, key, at) for at, value in enumerate(values)]

    def done(self) -> None:
        """Refuse every key that was not read."""
        for key in self._data:
            if key not in self._known:
                known = ", ".join(self._known)
                self.fail(key, "is not known", f"known are {known}{near(key, list(self._known))}")

    def _has(self, key: str) -> bool:
        self._known[key] = None
        return key in self._data


def near(word: str, known: tuple[str, ...] | list[str]) -> str:
    """` (did you mean ...?)`, or nothing where no known word is close."""
    close = get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
