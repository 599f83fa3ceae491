"""Durations as Go writes them."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


def seconds(text: str) -> float | None:
    """`1m30s` is 90.0; None for what is no duration."""
    parts = list(_PART.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return sum(float(part[1]) * _UNITS[part[2]] for part in parts)


def words(amount: float) -> str:
    """`90.0` is `1m30s`."""
    minutes, rest = divmod(amount, 60)
    tail = f"{rest:g}s" if rest or not minutes else ""
    return f"{minutes:g}m{tail}" if minutes else tail
