"""Text from outside, made safe to draw on one line."""

from __future__ import annotations


def clean(text: str) -> str:
    """Without control characters and direction marks; each becomes a blank."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
