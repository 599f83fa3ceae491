"""One JSON value out of bytes: what it is, or where it is none."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from scenarios.refusals import BodyTooDeepError

WRAPPER_FIELDS = 2
"""Most fields of an object that is not a record but holds a list of them."""
_MOST_DIGITS = 4_300
"""Of a whole number: more are not read by Python."""
_PLACE = re.compile(r" \(byte (\d+)\)$")
_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|(-?[0-9][0-9.eE+-]*)', re.DOTALL)
_HALF = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u)")
_MALFORMED = "JSON is malformed: "
_TRAILING = _MALFORMED + "trailing characters"
_HALF_PAIR = "half of a surrogate pair"
_NESTED = frozenset((dict, list))

Text = bytes | bytearray | memoryview


class Truncated(Exception):
    """The bytes end before the value does."""


class NotJsonError(Exception):
    """The bytes are no value; `at` is the offset of what is wrong."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class NotUtf8Error(NotJsonError):
    """The bytes are no UTF-8."""


class Trailing(NotJsonError):
    """A value is there, and something else follows at `at`."""


def _real(text: str) -> float:
    # some numbers near the bounds of a double cost the decoder's own reading 40 us and more
    number = float(text)
    if math.isinf(number):
        raise ValueError(_OUT_OF_RANGE)
    return number


_OUT_OF_RANGE = "a number is out of range"
_decoder = msgspec.json.Decoder(float_hook=_real)
_decode = _decoder.decode
_decode_lines = _decoder.decode_lines


def decode(text: Text, *, ends: bool = True) -> Any:
    """The value. Raises NotJsonError, Truncated, BodyTooDeepError.

    `ends`: nothing of the body follows the text.
    """
    try:
        return _decode(text)
    except RecursionError:
        raise BodyTooDeepError("the body is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _told(text, error, ends) from None


def decode_lines(text: Text) -> list[Any] | None:
    """The values in whole lines; None where one of them has to be looked at by itself."""
    try:
        return _decode_lines(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _told(text: Text, error: Exception, ends: bool) -> Exception:
    message = str(error)
    place = _PLACE.search(message)
    if place is not None and message.startswith(_TRAILING):
        return Trailing("something follows", int(place[1]) - 1)
    raw = bytes(text)
    if isinstance(error, UnicodeDecodeError):
        return _not_utf8(raw)
    if isinstance(error, msgspec.ValidationError):
        return NotJsonError(_OUT_OF_RANGE, _bad_number(raw))
    if place is None:
        half = _HALF.search(raw, max(0, len(raw) - 12)) if ends else None
        return NotJsonError(_HALF_PAIR, half.start()) if half else Truncated()
    return _malformed(raw, message[: place.start()].removeprefix(_MALFORMED), int(place[1]))


def _malformed(text: bytes, reason: str, at: int) -> Exception:
    if "surrogate" in reason:
        return NotJsonError(_HALF_PAIR, max(0, text.rfind(b"\\u", 0, at)))
    if "escape" in reason:
        at = max(0, text.rfind(b"\\", 0, at))
    sign = text[at : at + 1]
    if sign == b"\x00":
        return NotUtf8Error("the byte 0x00 is no text", at)
    # what is not JSON here may be no text at all
    return _not_utf8(text) if sign >= b"\x80" else NotJsonError(reason, at)


def _not_utf8(text: bytes) -> Exception:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return NotUtf8Error(f"the byte 0x{text[error.start]:02x} is not UTF-8", error.start)
    at = next(at for at, byte in enumerate(text) if byte >= 0x80)
    return NotJsonError("invalid character", at)


def _bad_number(text: bytes) -> int:
    for found in _NUMBER.finditer(text):
        number = found[1]
        if number and _out_of_range(number):
            return found.start()
    return 0


def _out_of_range(number: bytes) -> bool:
    if number.lstrip(b"-").isdigit():
        return len(number.lstrip(b"-")) > _MOST_DIGITS
    try:
        return math.isinf(float(number))
    except ValueError:
        return False


def flattened(value: Any) -> tuple[list[Any], bool]:
    """The records in a value of the top level, and whether it is a record itself."""
    if type(value) is list:
        return records_in(value), False
    records = records_in((value,))
    return records, len(records) == 1 and records[0] is value


def records_in(items: list[Any] | tuple[Any, ...]) -> list[Any]:
    """The records in the elements of a list: themselves, or those that they wrap."""
    records: list[Any] = []
    for item in items:
        # looked at here, because a call for each record would cost more than all else
        small = type(item) is dict and len(item) <= WRAPPER_FIELDS
        inner = _list_in(item) if small else None
        if inner is None:
            records.append(item)
        else:
            records.extend(inner)
    return records


def _list_in(wrapper: dict[str, Any]) -> list[Any] | None:
    for key, inner in wrapper.items():
        if type(inner) is list and key.casefold() == "lista":
            return inner
    return None


def nested_deeper(text: Text | None, records: list[Any], most: int) -> bool:
    """Whether a record makes the list of them be nested deeper than `most`.

    Most texts have one bracket for each record, side by side, and need not be walked through.
    """
    if text is not None:
        raw = bytes(text)
        brackets = raw.count(b"[") + raw.count(b"{")
        if brackets <= most or brackets - list(map(type, records)).count(dict) < most - 1:
            return False
    level = [record for record in records if type(record) in _NESTED]
    for _ in range(most - 1):
        level = [
            inner
            for value in level
            for inner in (value.values() if type(value) is dict else value)
            if type(inner) in _NESTED
        ]
        if not level:
            return False
    return bool(level)
