"""What the loop asks of a door: to take requests without waiting, and to tell their ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Clock = Callable[[], float]
"""Seconds since the load began."""

CUT = "no answer when the load ended"


class Door(Protocol):
    """Tells its recorder the end of each request, exactly once."""

    waiting: int
    """Requests that were started and have no end yet."""

    def connect(self) -> None:
        """Makes ready what the first requests would wait for. Raises PlanError where nothing
        answers."""

    def start(self, due: float, number: int) -> None:
        """Sends the request of that number, which was meant to start at `due`. Does not wait."""

    def poll(self, seconds: float) -> None:
        """Takes in answers; returns after the first ones, or after so many seconds."""

    def expire(self, now: float) -> None:
        """Ends requests that have waited for too long."""

    def close(self) -> None:
        """Ends all that still wait, and the connections."""
