"""What the walks share."""

from __future__ import annotations

from tests.commands.acting import acted, state

__all__ = ["acted", "state"]
