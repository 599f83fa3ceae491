"""Schedule: it holds faults of other kinds, and is refused."""

from __future__ import annotations

from stack.faults.kind import Kind


class Schedule(Kind):
    """Refused by every target."""

    name = "Schedule"
    ends = False
    not_here = "it has no end of its own"
    instead = "Run the fault that it repeats, with --duration."


KIND = Schedule()
