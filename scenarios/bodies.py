"""From the bytes of a body or a file to raw records: every shape that is accepted."""

from __future__ import annotations

import re
from typing import Any

import msgspec

MAX_BODY = 8 << 20
"""Largest body in bytes."""
MAX_RECORDS = 10_000
"""Most records in one body."""
MAX_DEPTH = 8
"""Deepest nesting of lists and objects in one body."""
WRAPPER_FIELDS = 2
"""Most fields of an object that is not a record but holds a list of them."""

_decode = msgspec.json.Decoder().decode
_PLACE = re.compile(r" \(byte (\d+)\)$")


class BodyError(ValueError):
    """A body that is not records at all; the text says why."""


class BodyTooDeepError(BodyError):
    """A body that is nested too deep."""


class BodyTooLargeError(BodyError):
    """A body with too many bytes."""


class TooManyRecordsError(BodyTooLargeError):
    """A body with too many records."""


class Unreadable:
    """One line of JSON lines that is not JSON."""

    __slots__ = ("message", "text")

    def __init__(self, text: bytes, message: str) -> None:
        self.text = text
        self.message = message


class Records(list[Any]):
    """Raw records, in order. `single`: the body was one record, not a list of them."""

    single: bool = False


def parse_records(
    body: bytes,
    *,
    max_bytes: int = MAX_BODY,
    max_records: int = MAX_RECORDS,
    max_depth: int = MAX_DEPTH,
) -> Records:
    """The raw records of one object, a list, `{"lista": [...]}`, a list of those, or JSON lines.

    Raises BodyError where it is none of these, BodyTooLargeError beyond `max_bytes` or
    `max_records`. Records are not validated; a bad line of JSON lines becomes Unreadable.
    """
    if len(body) > max_bytes:
        raise BodyTooLargeError(f"the body has {len(body)} bytes, at most {max_bytes} are taken")
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        raise BodyError("the body is empty")
    records = _whole(body)
    if len(records) > max_records:
        raise TooManyRecordsError(
            f"the body has {len(records)} records, at most {max_records} are taken"
        )
    if _may_be_deep(body, records, max_depth) and _deeper(records, max_depth):
        raise BodyTooDeepError(f"the body is nested deeper than {max_depth}")
    return records


def _may_be_deep(body: bytes, records: Records, max_depth: int) -> bool:
    """Whether brackets enough are there. Most bodies have one for each record, side by side, and
    need not be walked through."""
    brackets = body.count(b"[") + body.count(b"{")
    if brackets <= max_depth:
        return False
    beside = list(map(type, records)).count(dict)
    return brackets - beside >= max_depth - 1


def _whole(body: bytes) -> Records:
    try:
        return _flattened(_decode(body))
    except RecursionError:
        raise BodyTooDeepError("the body is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        lines = _lines(body)
        if lines is None:
            raise BodyError(f"the body is not JSON: {_placed(body, str(error))}") from None
        return lines


def _flattened(value: Any) -> Records:
    records = Records()
    for item in value if type(value) is list else (value,):
        # looked at here, because a call for each record would cost more than all else
        small = type(item) is dict and len(item) <= WRAPPER_FIELDS
        inner = _list_in(item) if small else None
        if inner is None:
            records.append(item)
        else:
            records.extend(inner)
    records.single = type(value) is not list and len(records) == 1 and records[0] is value
    return records


def _list_in(wrapper: dict[str, Any]) -> list[Any] | None:
    for key, inner in wrapper.items():
        if type(inner) is list and key.casefold() == "lista":
            return inner
    return None


def _lines(body: bytes) -> Records | None:
    """The records of JSON lines; None where the first line is no JSON by itself."""
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) < 2:
        return None
    records = Records()
    for number, line in enumerate(lines):
        try:
            records.extend(_flattened(_decode(line)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if number == 0:
                return None
            records.append(Unreadable(line, f"the line is not JSON: {error}"))
    return records


def _placed(body: bytes, message: str) -> str:
    """The message of the decoder with line and column in place of its byte."""
    place = _PLACE.search(message)
    if place is None:
        return message
    before = body[: int(place[1])]
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    return f"{message[: place.start()]} (line {line}, column {column})"


def _deeper(value: Any, left: int) -> bool:
    if type(value) is dict:
        value = value.values()
    elif not isinstance(value, list):
        return False
    return left == 0 or any(
        _deeper(inner, left - 1) for inner in value if type(inner) in (dict, list)
    )
