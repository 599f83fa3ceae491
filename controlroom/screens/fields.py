"""What is typed into the forms, read with a sentence for each mistake."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controlroom.arrivals.address import PathName
from controlroom.runs.spec import MOST_USERS, LoadSpec, Schedule
from host.durations import parse_duration


class InputError(ValueError):
    """A field that cannot be used. `field` is its name."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field


def whole(field: str, text: str, least: int, most: int | None = None) -> int:
    """A whole number within bounds, both included."""
    plain = text.strip().replace(",", "").replace("_", "")
    bounds = f"{least} or more" if most is None else f"{least} to {most}"
    try:
        value = int(plain)
    except ValueError:
        said = f"{text.strip()!r} is not a whole number" if plain else "is missing"
        raise InputError(field, f"{said}; write {bounds}.") from None
    if value < least or (most is not None and value > most):
        raise InputError(field, f"{value} is out of bounds; write {bounds}.")
    return value


def optional_rate(text: str) -> float | None:
    """Requests per second, None for an empty field."""
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        raise InputError("rate", f"{text.strip()!r} is not a number of requests/s.") from None
    if not 0 < value < 1e7:
        raise InputError("rate", "write more than 0, or leave it empty for as fast as possible.")
    return value


def data_file(text: str) -> str | None:
    """The path of a file that exists, None for an empty field."""
    if not text.strip():
        return None
    path = Path(text.strip()).expanduser()
    if not path.is_file():
        raise InputError("file", f"there is no file {text.strip()!r}; leave it empty to generate.")
    return str(path)


def load_spec(
    values: Mapping[str, str],
    path: PathName,
    repeat: bool,
    check: bool = True,
    schedule: Schedule = "",
) -> LoadSpec:
    """The form as a spec. Raises FieldError. `check` also looks for the file."""
    number = values["number"].strip()
    try:
        timeout = parse_duration(values["timeout"])
    except ValueError as error:
        raise InputError("timeout", str(error)) from None
    if timeout <= 0:
        raise InputError("timeout", "write more than zero, such as 3m.")
    file = data_file(values["file"]) if check else values["file"].strip() or None
    if repeat and file is None:
        raise InputError("repeat", "only a file can be repeated; name one or turn it off.")
    rate = optional_rate(values["rate"])
    if schedule and rate is None:
        raise InputError("rate", "a schedule needs one, such as 200 requests/s.")
    return LoadSpec(
        path=path,
        file=file,
        users=whole("users", values["users"], 1, MOST_USERS),
        number=whole("number", number, 1) if number else None,
        rate=rate,
        open=schedule,
        timeout=timeout,
        repeat=repeat,
    )
