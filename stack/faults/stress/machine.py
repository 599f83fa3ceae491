"""What the machine has for stress: the smaller of its own and of its control group's."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_GROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def total_memory() -> int:
    """Bytes of memory."""
    return min(int(psutil.virtual_memory().total), _number("memory.max") or 1 << 62)


def free_memory() -> int:
    """Bytes that can be taken without swapping."""
    free = int(psutil.virtual_memory().available)
    limit, used = _number("memory.max"), _number("memory.current")
    if limit is None or used is None:
        return free
    return max(0, min(free, limit - used))


def _number(name: str) -> int | None:
    """A figure of the control group; None where there is none, or no bound."""
    try:
        text = (_GROUP / name).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
