"""Ids of events: those that clients give, whatever road they came, and our own."""

from __future__ import annotations

import random
from collections.abc import Sequence

from scenarios.bodies import BodyError, Stream

MAX_ID = 128
RULE = f"must be 1 to {MAX_ID} printable ASCII signs"
KEY_NAME = "idempotency-key"
"""Header, and metadata of a call, that names a whole request; its events get `<key>.<place>`,
a single event the key itself."""


class BadIdError(BodyError):
    """An id that cannot be kept."""


_random = random.Random()  # seeded by the system; no system call per event


def fresh_ids(count: int) -> list[str]:
    """Ids for events that came without one: 128 random bits each, as 32 hexadecimal signs."""
    digits = _random.randbytes(16 * count).hex()
    return [digits[at : at + 32] for at in range(0, 32 * count, 32)]


def keepable(text: str) -> bool:
    """Whether an id that a client gave can be kept."""
    return 0 < len(text) <= MAX_ID and text.isascii() and text.isprintable()


def checked(name: str, text: str) -> str:
    """An id as it is kept; BadIdError, naming its field, where it cannot be."""
    text = text.strip()
    if not keepable(text):
        raise BadIdError(f"{name} {RULE}")
    return text


def ids_of(key: str, count: int) -> list[str]:
    """Ids of the events of a request. Raises BadIdError where the key leaves them no room."""
    _must_have_room(key, count)
    return [f"{key}.{index}" for index in range(count)]


def _must_have_room(key: str, count: int) -> None:
    if len(key) + 1 + len(str(count)) > MAX_ID:
        raise BadIdError(f"{KEY_NAME} is too long for {count} events; {MAX_ID - 8} signs will do")


class Numbered:
    """The ids of the records of a body whose number is not known yet."""

    def __init__(self, key: str, records: Stream, most: int) -> None:
        self._key = key
        self._records = records
        self._most = most

    def __getitem__(self, index: int) -> str:
        """The id of a record of a slice that was given out. Raises BadIdError."""
        if self._records.single:
            return self._key
        if index == 0:
            _must_have_room(self._key, self._most)
        return f"{self._key}.{index}"


Ids = Sequence[str] | Numbered
"""Those that the client gave, one for each record, or none."""
