"""Why a body is not taken, and a line of one that cannot be read."""

from __future__ import annotations


class BodyError(ValueError):
    """A body that is not records at all; the text says why."""


class MalformedError(BodyError):
    """A body that is not JSON, or not UTF-8 (`coded`), from `line` and `column` (from 1) on."""

    def __init__(self, reason: str, line: int, column: int, field: str, *, coded: bool) -> None:
        super().__init__(f"the body is not {_told(reason, line, column, field, coded)}")
        self.reason = reason
        self.line = line
        self.column = column
        self.field = field
        """The field whose value it is in; empty where that cannot be told."""
        self.coded = coded

    def of(self, what: str) -> str:
        """The sentence about something else than a body."""
        told = _told(self.reason, self.line, self.column, self.field, self.coded)
        return f"{what} is not {told}"


def _told(reason: str, line: int, column: int, field: str, coded: bool) -> str:
    inside = f" in field {field}" if field else ""
    advice = "; send UTF-8" if coded else ""
    return f"JSON: {reason}{inside} (line {line}, column {column}){advice}"


class BodyTooDeepError(BodyError):
    """A body that is nested too deep."""


class BodyTooLargeError(BodyError):
    """A body with too many bytes, or with a record of too many."""


class TooManyRecordsError(BodyTooLargeError):
    """A body with too many records."""


class Unreadable:
    """One line of JSON lines that is not JSON, or another record that is refused as it came."""

    __slots__ = ("field", "message", "text")

    def __init__(self, text: bytes, message: str, field: str = "") -> None:
        self.field = field
        """Empty for the record as a whole."""
        self.text = text
        """What was given; of a long line its beginning."""
        self.message = message
