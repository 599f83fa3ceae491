"""Reading one field of an event: tolerant in form, strict in value."""

from __future__ import annotations

import re
from typing import NamedTuple

from scenarios.scenario import Field, Value

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
NUMBER_TEXT = r"[+-]?[0-9]{1,18}([.][0-9]{1,18})?([eE][+-]?[0-9]{1,3})?"
"""A text that is read as the number that it would be without its quotes."""
_NUMBER = re.compile(NUMBER_TEXT)
_LIMIT = 10**18
# C0, DEL, C1, line and paragraph separators, directional overrides, lone surrogates
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class RefusedValue(NamedTuple):
    """Why a value was not taken."""

    message: str


class FieldReader:
    """One field, prepared for many values."""

    def __init__(self, field: Field) -> None:
        self.name = field.name
        self.names = tuple(name.casefold() for name in (field.name, *field.aliases))
        """All names on the wire, without regard to case, in order of preference."""
        self._pattern = re.compile(field.pattern) if field.pattern is not None else None
        self._max_length = field.max_length
        self._minimum = field.minimum if field.minimum is not None else -_LIMIT
        self._maximum = field.maximum if field.maximum is not None else _LIMIT
        self._span = _span(field)
        self.default = field.default
        self.kind = field.kind
        self.read = self._text if field.kind == "text" else self._integer

    def is_left_out(self, value: object) -> bool:
        """Whether a value that may be absent is given as one that says nothing."""
        if self.default is None:
            return False
        return value is None or (type(value) is str and not value.strip())

    def _text(self, value: object) -> Value | RefusedValue:
        if type(value) is not str:
            return RefusedValue(f"must be a text, is {kind_of(value)}")
        text = value.strip()
        if not text:
            return RefusedValue("must not be empty")
        if len(text) > self._max_length:
            return RefusedValue(f"must have at most {self._max_length} characters, has {len(text)}")
        if not text.isprintable() and _UNPRINTABLE.search(text):
            return RefusedValue("must not hold control characters")
        if self._pattern is not None and not self._pattern.fullmatch(text):
            return RefusedValue(f"must match {self._pattern.pattern}, is {shown(text)}")
        return text

    def _integer(self, value: object) -> Value | RefusedValue:
        number = value if type(value) is int else _whole(value)
        if number is None:
            return RefusedValue(f"must be a whole number{self._span}, is {shown(value)}")
        if not self._minimum <= number <= self._maximum:
            return RefusedValue(f"must be a whole number{self._span}, is {shown(number)}")
        return number


def _whole(value: object) -> int | None:
    if type(value) is str:
        text = value.strip()
        if _WHOLE.fullmatch(text):
            return int(text)
        value = float(text) if _NUMBER.fullmatch(text) else None
    if type(value) is float and value.is_integer():
        return int(value)
    return None


def _span(field: Field) -> str:
    if field.minimum is not None and field.maximum is not None:
        return f" from {field.minimum} to {field.maximum}"
    if field.minimum is not None:
        return f", at least {field.minimum}"
    return f", at most {field.maximum}" if field.maximum is not None else ""


def kind_of(value: object) -> str:
    """What a JSON value is, in a word."""
    for kind, word in (
        (bool, "true or false"),
        (str, "a text"),
        (int, "a number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "an object"),
    ):
        if isinstance(value, kind):
            return word
    return "null"


def shown(value: object) -> str:
    """A value for a message: one line, at most 40 characters, no control characters."""
    if isinstance(value, list | dict) or value is None:
        return kind_of(value)
    if not isinstance(value, str):
        return str(value)[:40]
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"
