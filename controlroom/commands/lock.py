"""Whether a room may act now."""

from __future__ import annotations


class Lock:
    """One for each room. A room that was opened read-only stays so; any other becomes it from
    within, and may act again after a question."""

    def __init__(self, fixed: bool = False) -> None:
        self.fixed = fixed
        """Whether it holds until the room is left."""
        self.on = fixed
        """Whether the room is read-only now."""
