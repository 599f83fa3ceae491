"""Ids of events: those that clients give, whatever road they came, and our own."""

from __future__ import annotations

import random

MAX_ID = 128
RULE = f"must be 1 to {MAX_ID} printable ASCII signs"


_random = random.Random()  # seeded by the system; no system call per event


def fresh() -> str:
    """An id for an event that came without one: 128 random bits as 32 hexadecimal signs."""
    return f"{_random.getrandbits(128):032x}"


def keepable(text: str) -> bool:
    """Whether an id that a client gave can be kept."""
    return 0 < len(text) <= MAX_ID and text.isascii() and text.isprintable()
