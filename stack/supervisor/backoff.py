"""How long to wait before the next start."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 0.2
LONGEST = 30.0
STABLE = 20.0
"""Seconds; a child that lived this long has its earlier deaths forgiven."""


@dataclass(slots=True)
class Backoff:
    """Doubles from FIRST to LONGEST."""

    failures: int = 0

    def after(self, lived: float) -> float:
        """Seconds to wait after a child that lived so long."""
        if lived >= STABLE:
            self.failures = 0
        delay = min(LONGEST, FIRST * 2.0 ** min(self.failures, 16))
        self.failures += 1
        return delay

    def reset(self) -> None:
        """Forgives all deaths."""
        self.failures = 0
