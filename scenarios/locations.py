"""Where in a text something is wrong, in the words of whoever has to fix it."""

from __future__ import annotations

import re
from collections import deque
from typing import NamedTuple

from scenarios.fields import shown
from scenarios.json_values import NotJsonError, NotUtf8Error
from scenarios.refusals import MalformedError

_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"[ \t\r\n]*(:)?', re.DOTALL)
_LONGEST = 64 << 10
"""Bytes of a line in which columns are counted in characters."""


class Location(NamedTuple):
    """Line and column from 1, and the field whose value it is in, if any."""

    line: int
    column: int
    field: str


class Lines:
    """The lines of a text, counted once however often they are asked for, in rising order."""

    def __init__(self, text: bytes | bytearray) -> None:
        self._text = text
        self._at = 0
        self._line = 1

    def line(self, at: int) -> int:
        """The line, from 1, of an offset; asked for an earlier one it begins again."""
        if at < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count(b"\n", self._at, at)
        self._at = at
        return self._line

    def location(self, at: int, begin: int) -> Location:
        """The location of an offset in a value that begins at `begin`."""
        start = self._text.rfind(b"\n", 0, at) + 1
        before = bytes(self._text[start:at]) if at - start <= _LONGEST else None
        if before is None:
            column = at - start + 1
        else:
            column = len(before.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")) + 1
        return Location(self.line(at), column, _field(bytes(self._text[begin:at])))


def malformed(lines: Lines, error: NotJsonError, at: int, begin: int) -> MalformedError:
    """The refusal of a text for what is wrong at `at`."""
    location = lines.location(at, begin)
    return MalformedError(error.reason, *location, coded=isinstance(error, NotUtf8Error))


def _field(before: bytes) -> str:
    """The key of the value that the bytes break off in."""
    last = next(iter(deque(_STRING.finditer(before), maxlen=1)), None)
    if last is None or not last[2]:
        return ""
    rest = before[last.end() :].lstrip()
    if not rest.startswith(b'"') and re.search(rb"[,{}\[\]]", rest):
        return ""
    return shown(last[1].decode(errors="replace"))[1:-1]
