"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """What was found. `message` is one sentence; `fix` is one too, and empty when all is well."""

    name: str
    ok: bool
    message: str
    fix: str = ""
    blocks: bool = True
    """Whether the stack cannot start like this; what the stack repairs by itself does not block."""
