"""What a service takes from one client at most, each a setting of its environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from scenarios.bodies import MAX_BODY, MAX_DEPTH, MAX_RECORD, MAX_RECORDS, Bounds


@dataclass(frozen=True, slots=True)
class Limits:
    """The variable of each is its name in capitals. The length of a text is the scenario's."""

    max_body_bytes: int = MAX_BODY
    """Bytes of one HTTP body, also of what a compressed one holds."""
    max_message_bytes: int = 4 << 20
    """Bytes of one gRPC message, of which a stream may have any number."""
    max_bytes_in_flight: int = 32 << 20
    """Bytes of all bodies and messages together that one process holds at a time."""
    max_record_bytes: int = MAX_RECORD
    """Bytes of one record."""
    max_records: int = MAX_RECORDS
    """Records of one body or batch."""
    max_depth: int = MAX_DEPTH
    """Nesting of lists and objects in a body."""
    max_header_bytes: int = 16 << 10
    """Request line and headers of one request; metadata of one call."""
    max_connections: int = 1_000
    """HTTP connections of one server at a time."""
    max_streams: int = 100
    """Live streams of one reader at a time."""
    max_calls: int = 1_000
    """Calls that a gRPC server works at, at a time."""
    request_seconds: float = 20.0
    """From the first byte of a request (or the connection) to its last."""
    max_module_bytes: int = 16 << 20
    """Bytes of memory of the WASM producer's module."""
    max_module_fuel: int = 20_000_000
    """Instructions of one call of it, which takes about 30 ms then."""
    heartbeat_seconds: float = 5.0
    """Longest silence of a live stream."""

    @property
    def bounds(self) -> Bounds:
        """Those of one body."""
        return Bounds(self.max_body_bytes, self.max_records, self.max_depth, self.max_record_bytes)


class LimitError(ValueError):
    """A limit that is no positive number of a sensible size; `name` is the variable."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name} is {text!r}")
        self.name = name


def limits_of(environ: Mapping[str, str]) -> Limits:
    """The limits that an environment sets. Raises LimitError."""
    given: dict[str, Any] = {}
    for field in fields(Limits):
        name = field.name.upper()
        text = environ.get(name, "").strip()
        if text:
            given[field.name] = _positive(name, text, float if field.type == "float" else int)
    return Limits(**given)


def _positive(name: str, text: str, kind: Callable[[str], float]) -> float:
    try:
        number = kind(text)
    except ValueError:
        raise LimitError(name, text) from None
    if not 0 < number <= 1 << 30:
        raise LimitError(name, text)
    return number
