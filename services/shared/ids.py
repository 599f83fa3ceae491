"""What the id of an event may look like, whatever road it came."""

from __future__ import annotations

MAX_ID = 128
RULE = f"must be 1 to {MAX_ID} printable ASCII signs"


def keepable(text: str) -> bool:
    """Whether an id that a client gave can be kept."""
    return 0 < len(text) <= MAX_ID and text.isascii() and text.isprintable()
