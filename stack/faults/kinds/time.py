"""TimeChaos: carried out by Chaos Mesh alone."""

from __future__ import annotations

from stack.faults.kind import Kind


class TimeChaos(Kind):
    """Refused by the local stack."""

    name = "TimeChaos"
    not_here = "processes share the clock of this machine"
    instead = "Use a cluster with Chaos Mesh, or NetworkChaos delay for late events."


KIND = TimeChaos()
