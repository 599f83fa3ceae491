"""Records of a data file, each with the place where it stands.

Taken are one object, an array, JSON lines, and objects `{"Lista": [...]}` anywhere among them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from controlroom.runs.errors import SpecError

LARGEST = 256 << 20
_BLANK = re.compile(r"[ \t\r\n]*")
_LIST_KEY = "lista"


class Placed(NamedTuple):
    """One record and where it begins."""

    line: int
    number: int
    """From 1, over all records of the file."""
    value: Any


def scan_file(path: Path) -> list[Placed]:
    """All records of the file, at least one. Raises SpecError that names file and line."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise SpecError(
            f"-f {path} is not a file, and it is read twice.", "Write the records to a file first."
        )
    try:
        if path.stat().st_size > LARGEST:
            raise SpecError(
                f"-f {path} is larger than {LARGEST >> 20} MiB.", "Split it, or use --repeat."
            )
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecError(
            f"-f {path} cannot be read: {error.strerror}.", "Give a readable file of records."
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SpecError(f"-f {path}, line {line} is not UTF-8 text.", "Save it as UTF-8.") from None
    records = [
        Placed(line, number, value) for number, (line, value) in enumerate(_scan(path, text), 1)
    ]
    if not records:
        raise SpecError(f"-f {path} holds no records.", "Put at least one JSON object into it.")
    return records


def _scan(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    for line, value in _values(path, text):
        if isinstance(value, dict) and len(value) == 1:
            key, inner = next(iter(value.items()))
            if key.casefold() == _LIST_KEY and isinstance(inner, list):
                yield from ((line, one) for one in inner)
                continue
        yield line, value


def _values(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Values at the top, and the elements of arrays that stand there."""
    decode = json.JSONDecoder().raw_decode
    at, line, counted, inside = 0, 1, 0, False
    try:
        while True:
            at = _skip(text, at)
            line += text.count("\n", counted, at)
            counted = at
            if at == len(text):
                break
            sign = text[at]
            if not inside and sign == "[":
                inside, at = True, _element(text, at + 1)
            elif inside and sign == "]":
                inside, at = False, at + 1
            else:
                value, end = decode(text, at)
                yield line, value
                at = _after(text, end) if inside else end
        if inside:
            raise json.JSONDecodeError("The array is not closed", text, at)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _broken(path, error) from None


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _element(text: str, at: int) -> int:
    """Where the first element of an array begins, or its end."""
    return _skip(text, at)


def _after(text: str, at: int) -> int:
    """The place after the comma that follows an element, or the closing bracket."""
    at = _skip(text, at)
    sign = text[at : at + 1]
    if sign == "]":
        return at
    if sign != ",":
        raise json.JSONDecodeError("A comma or ] is missing", text, at)
    following = _skip(text, at + 1)
    if text[following : following + 1] == "]":
        raise json.JSONDecodeError("A comma stands before ]", text, at)
    return following


def _broken(path: Path, error: json.JSONDecodeError | RecursionError) -> SpecError:
    if isinstance(error, RecursionError):
        return SpecError(f"-f {path} is nested too deeply.", "Give plain records.")
    return SpecError(
        f"-f {path}, line {error.lineno}, column {error.colno} is not JSON: {error.msg}.",
        "Mend that line: one object, an array, or one object a line.",
    )
