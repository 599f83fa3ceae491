"""Records of a data file, each with the place where it stands, by the grammar of the doors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from controlroom.runs.errors import SpecError
from scenarios.bodies import (
    BodyError,
    BodyTooDeepError,
    BodyTooLargeError,
    Bounds,
    MalformedError,
    placed_records,
)

LARGEST = 256 << 20
_BOUNDS = Bounds(body=LARGEST, records=LARGEST)


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
        text = path.read_bytes()
    except OSError as error:
        raise SpecError(
            f"-f {path} cannot be read: {error.strerror}.", "Give a readable file of records."
        ) from None
    try:
        records = [
            Placed(line, number, value)
            for number, (line, value) in enumerate(placed_records(text, _BOUNDS), 1)
        ]
    except BodyError as error:
        raise _told(path, error, empty=not text.strip()) from None
    if not records:
        raise _nothing(path)
    return records


def _nothing(path: Path) -> SpecError:
    return SpecError(f"-f {path} holds no records.", "Put at least one JSON object into it.")


def _told(path: Path, error: BodyError, empty: bool) -> SpecError:
    if isinstance(error, MalformedError):
        inside = f" in field {error.field}" if error.field else ""
        if error.coded:
            where = f"-f {path}, line {error.line} is not UTF-8 text"
            what = f"{error.reason}{inside}, column {error.column}"
            return SpecError(f"{where}: {what}.", "Save it as UTF-8.")
        return SpecError(
            f"-f {path}, line {error.line}, column {error.column} is not JSON: "
            f"{error.reason}{inside}.",
            "Fix that line: one object, an array, or one object a line.",
        )
    if isinstance(error, BodyTooDeepError):
        return SpecError(f"-f {path} is nested too deeply: {error}.", "Give plain records.")
    if isinstance(error, BodyTooLargeError):
        return SpecError(f"-f {path}: {error}, which no door takes.", "Make the records smaller.")
    if empty:
        return _nothing(path)
    return SpecError(f"-f {path} cannot be read: {error}.", "Give a file of records.")
