"""Workflow: it holds faults of other kinds, and is refused."""

from __future__ import annotations

from stack.faults.kind import Kind


class Workflow(Kind):
    """Refused by every target."""

    name = "Workflow"
    ends = False
    not_here = "the stack carries out one fault at a time"
    instead = "Run its faults one after the other."


KIND = Workflow()
