"""The records on Kafka: accepted events and rejected records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

MAX_TEXT = 4096
"""Most bytes of a rejected record that are kept."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

ONCE = "once"
"""Header of a record whose id a client gave."""

MAX_NAMED = 1_024
"""Most bytes of the value of a header of ours; a longer one is somebody else's and not looked at:
ids are kept in memory by the thousand."""

MAX_AT = 253_402_300_799_999
"""The end of the year 9999 in ms since the epoch: any number may stand in a record, and a time
that no calendar has must not end up where times are shown."""

_OURS = frozenset(("id", "origin", ONCE))

Headers = list[tuple[str, bytes]]


class Meta(NamedTuple):
    """What the headers and the timestamp of a record tell."""

    id: str
    """Event id: of the producer's header, else the record's place."""
    origin: str
    """`http`, `grpc`, `wasm`, or `kafka` for a producer that is not ours."""
    at: int
    """Produced, ms since the epoch."""
    once: bool
    """Whether the client gave the id, so that records of the same id are one event."""


class Rejected(NamedTuple):
    """One refused record, as producers keep it."""

    value: str
    """The record as text, cut at MAX_TEXT bytes."""
    reason: list[dict[str, str]]
    """{field, message} per error."""
    origin: str


def encode_event(event: Mapping[str, str | int]) -> bytes:
    """The value of an event's record: one JSON object, fields in the order of the scenario."""
    return _encode(event)


def headers(event_id: str, origin: str, once: bool = False) -> Headers:
    """The headers of an event's record; `once` where the client gave the id."""
    made = [("id", event_id.encode()), ("origin", origin.encode())]
    return [*made, (ONCE, b"1")] if once else made


def read_meta(given: Iterable[tuple[str, bytes]] | None, timestamp: int | None, place: str) -> Meta:
    """Id, origin and time of a consumed record; `place` is `<topic id>:<partition>#<offset>`."""
    named = {name: value.decode(errors="replace") for name, value in ours(given)}
    event_id = named.get("id")
    once = ONCE in named and bool(event_id)
    at = min(max(0, timestamp or 0), MAX_AT)
    return Meta(event_id or place, named.get("origin") or "kafka", at, once)


def ours(given: Iterable[tuple[str, bytes]] | None) -> Headers:
    """Of a record's headers those that are looked at."""
    return [
        (name, value)
        for name, value in given or ()
        if name in _OURS and value and len(value) <= MAX_NAMED
    ]


def is_once(given: Iterable[tuple[str, bytes]] | None) -> bool:
    """Whether a record has the header of an id that a client gave."""
    return any(name == ONCE for name, _ in given or ())


def encode_rejected(value: str | bytes, reason: Sequence[Mapping[str, str]], origin: str) -> bytes:
    """The value of a record on the rejected topic."""
    text = cut_text(value)
    return _encode({"value": text, "reason": reason, "origin": origin})


def decode_rejected(value: bytes) -> Rejected:
    """A record of the rejected topic; one that cannot be read tells so as its reason."""
    try:
        found: Any = _decode(value)
        return Rejected(str(found["value"]), list(found["reason"]), str(found["origin"]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, KeyError):
        reason = {"field": "", "message": "not a record that a producer of ours rejected"}
        return Rejected(cut_text(value), [reason], "kafka")


def cut_text(value: str | bytes) -> str:
    """A rejected record as text: valid UTF-8 of at most MAX_TEXT bytes."""
    raw = value.encode(errors="replace") if isinstance(value, str) else value
    return raw[:MAX_TEXT].decode(errors="replace")
