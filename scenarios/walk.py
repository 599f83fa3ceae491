"""Walks through a body of any size, a bounded piece at a time, and stops at its bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from scenarios.json_values import (
    WRAPPER_FIELDS,
    NotJsonError,
    Trailing,
    Truncated,
    decode,
    decode_lines,
    flattened,
    nested_deeper,
    records_in,
)
from scenarios.locations import Lines, malformed
from scenarios.refusals import (
    BodyError,
    BodyTooDeepError,
    BodyTooLargeError,
    TooManyRecordsError,
    Unreadable,
)

MAX_BODY = 8 << 20
"""Largest body in bytes."""
MAX_RECORDS = 10_000
"""Most records in one body."""
MAX_DEPTH = 8
"""Deepest nesting of lists and objects in one body."""
MAX_RECORD = 32 << 10
"""Largest record in bytes, so that no single value takes long or much memory to decode."""
SLICE = 16 << 10
"""Bytes that are decoded, at least and about, between two pauses; a record is never cut."""
SLICE_RECORDS = 500
"""Records, as `SLICE` is bytes."""
_HEAD = 8 << 10
"""Bytes in which an object around a list has to begin, or to end after it."""
_KEPT = 4 << 10
"""Bytes of a bad line that are kept."""
_CUT = 16
"""Bytes at the end of a piece that may look wrong because of what is not there."""
_BLANK = re.compile(rb"[ \t\r\n]{0,16384}")
_TEXT = rb'"(?:[^"\\]|\\.){0,200}"'
_GAP = rb"[ \t\r\n]{0,1000}"
_FIELD = _TEXT + _GAP + b":" + _GAP + b"(?:" + _TEXT + rb"|[-+.\w]{1,40})" + _GAP
_WRAPPER = re.compile(
    rb"\{"
    + _GAP
    + b"((?:"
    + _FIELD
    + b","
    + _GAP
    + b'){0,1})"(?i:lista)"'
    + _GAP
    + b":"
    + _GAP
    + rb"\["
)
_REST = re.compile(_GAP + b"((?:," + _GAP + _FIELD + rb"){0,1})\}")


class Bounds(NamedTuple):
    """What one body may have at most."""

    body: int = MAX_BODY
    """Bytes, checked by whoever has the body."""
    records: int = MAX_RECORDS
    depth: int = MAX_DEPTH
    record: int = MAX_RECORD
    """Bytes of one record, and of one line of a bad one."""


class _TooLong(Truncated):
    """A value that goes on where a record would have to end."""


class _Open(NamedTuple):
    """A list that the walk is inside of."""

    fields: int
    """Of the object around it, so far; 0 where the list stands by itself."""


class Walk:
    """One walk through one body. `spent`: bytes that were decoded, also in vain."""

    def __init__(self, body: bytes | bytearray, bounds: Bounds, *, placed: bool = False) -> None:
        """`placed`: `starts` has the offset of each record of the newest slice, and a bad line
        is an error of the whole."""
        self._body = body
        self._view = memoryview(body)
        self._bounds = bounds
        self._placed = placed
        self._end = len(body)
        self._at = 3 if body[:3] == b"\xef\xbb\xbf" else 0
        self._open: list[_Open] = []
        self._wanted = "value"
        """Inside a list: `first` (or its end), `value`, or `comma` (or its end)."""
        self._doubtful = 0
        """Up to here a quick look has failed."""
        self._line = -1
        """Where the newest line begins that begins between two values; -1 within one."""
        self._of_line = 0
        """Records of that line that were not handed out."""
        self._first = -1
        self._lines = Lines(body)
        self._found: list[Any] = []
        self._offsets: list[int] = []
        self._count = 0
        self._values = 0
        self.single = False
        """Whether the body is one record; known with the first slice."""
        self.starts: list[int] = []
        self.spent = 0

    def slices(self) -> Iterator[list[Any]]:
        """The records. Raises BodyError where the body turns out not to be taken."""
        if self._body[-1:].isspace():
            self._end = len(self._body.rstrip(b" \t\r\n\v\f"))
        self._line = self._at
        handed = 0
        while self._more():
            if self.spent - handed >= SLICE or len(self._found) >= SLICE_RECORDS:
                handed = self.spent
                yield self._hand_out()
        if self._open:
            self._fail(NotJsonError("the list is not closed", 0), self._end)
        if not self._values:
            raise BodyError("the body is empty")
        yield self._hand_out()

    def forget(self) -> None:
        """Let the body go."""
        self._body, self._view = b"", memoryview(b"")
        self._at = self._end = 0
        self._lines = Lines(b"")

    def _hand_out(self) -> list[Any]:
        found, self._found = self._found, []
        self.starts, self._offsets = self._offsets, []
        # what was handed out cannot be taken back for the sake of the line that it stands in
        self._line = -1 if self._of_line < len(found) else self._line
        self._of_line = 0
        return found

    def _more(self) -> bool:
        """Take one step; False at the end."""
        at = self._at
        found = _BLANK.match(self._body, at, self._end)
        after = found.end() if found else at
        self.spent += after - at
        self._at = after
        if not self._open and self._body.find(b"\n", at, after) >= 0:
            self._line = self._body.rfind(b"\n", at, after) + 1
            self._of_line = len(self._found)
        if after == self._end:
            return False
        if after - at < SLICE:
            self._first = after if self._first < 0 else self._first
            self._inside(after) if self._open else self._outside(after)
        return True

    # between the values of the top level

    def _outside(self, at: int) -> None:
        if at >= self._doubtful and self._values and not self._placed and self._whole_lines(at):
            return
        if self._placed and self._body[at] == 0x5B:
            self._enter(at)
            return
        try:
            value, end = self._value(at)
        except NotJsonError as error:
            self._pass_over_line(at, error)
            return
        except _TooLong:
            if not self._enter(at):
                self._too_large()
            return
        records, single = flattened(value)
        items = len(value) if type(value) is list else 1
        self._take(records, items, at, end)
        self._values += 1
        self.single = single and self._values == 1 and end == self._end
        self._at = end

    def _whole_lines(self, at: int) -> bool:
        """Whether some whole lines from here on were read in one go."""
        stop = min(at + min(SLICE, self._bounds.record), self._end)
        end = stop if stop == self._end else self._body.rfind(b"\n", at, stop) + 1
        self._doubtful = max(end, at + 1)
        if end <= at:
            return False
        self.spent += end - at
        values = decode_lines(self._view[at:end])
        if values is None:
            return False
        records = [record for value in values for record in flattened(value)[0]]
        self._take(records, len(values), at, end)
        self._values += len(values)
        self._line, self._of_line = end, len(self._found)
        self._at = end
        return True

    def _pass_over_line(self, at: int, error: NotJsonError) -> None:
        """Make of the line that a bad value stands in one bad record."""
        if self._placed or self._line <= self._first:
            self._fail(error, at)
        end = self._body.find(b"\n", self._line, self._end)
        end = self._end if end < 0 else end
        if end - self._line > self._bounds.record:
            self._too_large()
        text = bytes(self._body[self._line : min(end, self._line + _KEPT)]).strip()
        words = malformed(self._lines, error, at + error.at, at).of("the line")
        self._count -= len(self._found) - self._of_line
        del self._found[self._of_line :]
        del self._offsets[self._of_line :]
        self._take([Unreadable(text, words)], 1, self._line, self._line)
        self.spent += end - self._line
        self._values += 1
        self._at = self._doubtful = end

    # inside a list

    def _inside(self, at: int) -> None:
        sign = self._body[at]
        if self._wanted != "value" and sign == 0x5D:
            self._leave(at + 1)
        elif self._wanted != "comma":
            self._element(at)
        elif sign == 0x2C:
            self._at, self._wanted = at + 1, "value"
        else:
            self._fail(NotJsonError("a comma or ] is missing", 0), at)

    def _element(self, at: int) -> None:
        if at >= self._doubtful and not self._placed and self._several(at):
            return
        try:
            value, end = self._value(at)
        except _TooLong:
            if len(self._open) > 1 or self._open[0].fields or not self._enter(at, listed=True):
                self._too_large()
            return
        except NotJsonError as error:
            if self._wanted == "value" and self._body[at] == 0x5D:
                error.reason = "a comma stands before ]"
            self._fail(error, at)
        plain = bool(self._open[-1].fields)
        self._take([value] if plain else records_in((value,)), 1, at, end)
        self._at, self._wanted = end, "comma"

    def _several(self, at: int) -> bool:
        """Whether some elements from here on were read in one go."""
        stop = min(at + min(SLICE, self._bounds.record), self._end)
        comma = self._body.rfind(b"},", at, stop) + 1 or self._body.rfind(b",", at, stop)
        self._doubtful = max(comma, at + 1)
        if comma <= at:
            return False
        self.spent += comma - at
        try:
            items = decode(b"".join((b"[", self._view[at:comma], b"]")))
        except (NotJsonError, Truncated, BodyTooDeepError):
            return False
        records = items if self._open[-1].fields else records_in(items)
        self._take(records, len(items), at, comma)
        self._at, self._wanted = comma, "comma"
        return True

    def _enter(self, at: int, *, listed: bool = False) -> bool:
        """Whether a list begins here that is longer than a record may be."""
        if not listed and self._body[at] == 0x5B:
            self._open.append(_Open(0))
            self._at = at + 1
        else:
            found = _WRAPPER.match(self._body, at, min(self._end, at + _HEAD))
            if found is None or not _is_object(found[1]):
                return False
            self._open.append(_Open(1 + bool(found[1])))
            self._at = found.end()
        self._wanted = "first"
        return True

    def _leave(self, at: int) -> None:
        fields = self._open.pop().fields
        if fields:
            found = _REST.match(self._body, at, min(self._end, at + _HEAD))
            if found is not None and fields + bool(found[1]) > WRAPPER_FIELDS:
                # a record after all
                self._too_large()
            if found is None or not _is_object(found[1]):
                self._fail(NotJsonError("the object is not closed after its list", 0), at)
            at = found.end()
        self._at, self._wanted = at, "comma"
        self._values += not self._open

    # common to both

    def _value(self, at: int) -> tuple[Any, int]:
        """The value that begins here and where it ends.

        Raises NotJsonError, BodyTooDeepError, and _TooLong beyond the bound of a record.
        """
        stop = min(at + self._bounds.record, self._end)
        try:
            value = decode(self._view[at:stop], ends=stop == self._end)
            size = stop - at
        except Trailing as error:
            text = bytes(self._view[at : at + error.at]).rstrip(b" \t\r\n")
            value, size = decode(text), len(text)
        except Truncated:
            self.spent += stop - at
            if stop < self._end:
                raise _TooLong from None
            listed = self._body[at] == 0x5B
            reason = "the list is not closed" if listed else "the text ends within a value"
            raise NotJsonError(reason, stop - at) from None
        except NotJsonError as error:
            self.spent += error.at
            if stop < self._end and at + error.at > stop - _CUT:
                # a number or a sign may have been cut in two
                raise _TooLong from None
            raise
        self.spent += size
        if size == stop - at and stop < self._end and type(value) in (int, float):
            # whose last digits may be beyond
            raise _TooLong
        return value, at + size

    def _take(self, records: list[Any], items: int, at: int, end: int) -> None:
        self._count += max(items, len(records))
        most = self._bounds.records
        if self._count > most:
            raise TooManyRecordsError(f"the body has more than {most} records")
        if nested_deeper(self._view[at:end], records, self._bounds.depth):
            raise BodyTooDeepError(f"the body is nested deeper than {self._bounds.depth}")
        self._found += records
        if self._placed:
            self._offsets += [at] * len(records)

    def _too_large(self) -> NoReturn:
        raise BodyTooLargeError(
            f"record {self._count + 1} has more than {self._bounds.record} bytes"
        )

    def _fail(self, error: NotJsonError, at: int) -> NoReturn:
        """Refuse the body for what is wrong with the value at `at`."""
        raise malformed(self._lines, error, at + error.at, at)


def _is_object(fields: bytes) -> bool:
    """Whether fields between an object and its list are JSON."""
    try:
        decode(b"{%b}" % fields.strip(b", \t\r\n"))
    except (NotJsonError, Truncated):
        return False
    return True
