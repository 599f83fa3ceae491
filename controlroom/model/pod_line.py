"""A line of a pod's log as people read it: services write JSON, engines write text."""

from __future__ import annotations

import json

_BESIDE = frozenset({"at", "level", "message", "service", "pod"})
"""Fields that have a place of their own, or that say whose log it is."""


def readable(line: str, timed: bool = True) -> str:
    """Time, level where it is not `info`, message, then the other fields as `name=value`. `timed`:
    whether the time of JSON is said, which may stand elsewhere."""
    if not line.startswith("{"):
        return line
    try:
        found = json.loads(line)
    except ValueError:
        return line
    if not isinstance(found, dict) or "message" not in found:
        return line
    at = str(found.get("at", "")).partition("T")[2].rstrip("Z")
    level = str(found.get("level", "info"))
    more = [f"{name}={value}" for name, value in found.items() if name not in _BESIDE]
    parts = [
        at if timed else "",
        "" if level == "info" else level.upper(),
        str(found["message"]),
        *more,
    ]
    return " ".join(filter(None, parts))
