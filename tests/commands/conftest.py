"""What the walks share."""

from __future__ import annotations

from tests.commands.acting import acted

__all__ = ["acted"]
