"""The books of events that their publishers stored themselves."""

from __future__ import annotations

from dataclasses import dataclass

from wire.books import (
    ACKNOWLEDGED,
    COUNTED,
    DOUBLED,
    LOST,
    PURGED,
    REJECTED,
    REPEATED,
    STORED,
    UNAUDITED,
    Books,
    Figure,
    Figures,
)
from wire.committed import Committed
from wire.queues.kind import Rule
from wire.queues.logs import balance


@dataclass(frozen=True, slots=True)
class DirectBooks(Books):
    """Nothing is ever in flight."""

    figures = (
        ACKNOWLEDGED,
        Figure("given", "places given to records by their publishers"),
        COUNTED,
        STORED,
        PURGED,
        REJECTED,
        REPEATED,
        Figure("in_flight", "always 0: what is acknowledged is stored", "in flight"),
        LOST,
        DOUBLED,
        UNAUDITED,
        Figure(
            "broker_lost",
            "of the lost: acknowledged, and forgotten by Redis",
            rare=True,
            seldom=True,
        ),
        Figure("settled", "lost, and written off by --settle", "", True, True),
    )
    pairs = (
        ("acknowledged", "in_flight"),
        ("given", "lost"),
        ("counted", "doubled"),
        ("stored", "rejected"),
    )

    given: int = 0
    """Records that were handled."""

    @property
    def taken(self) -> int:
        """See Books."""
        return self.given

    @property
    def remark(self) -> str:
        """See Books."""
        if self.broker_lost:
            return (
                f"Redis has forgotten {self.broker_lost:,} events that are stored: "
                f"`controlroom tallies rebuild --confirm {self.scenario}` counts them"
            )
        return ""


class DirectAccount:
    """There is nobody to ask: what was taken was counted."""

    async def look(self, committed: Committed) -> Rule:
        """See wire.queues.kind.Account."""

        def rule(figures: Figures) -> DirectBooks:
            found = balance(figures, {})
            return DirectBooks(given=found.taken, **found.rest)

        return rule

    async def close(self) -> None:
        """Nothing is open."""
