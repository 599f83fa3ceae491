"""IOChaos: carried out by Chaos Mesh alone."""

from __future__ import annotations

from stack.faults.kind import Kind


class IOChaos(Kind):
    """Refused by the local stack."""

    name = "IOChaos"
    actions = ("latency", "fault", "attrOverride", "mistake")
    not_here = "all processes share one file system, which cannot be slowed for one of them"
    instead = "Use NetworkChaos delay on the link to the store, or a cluster with Chaos Mesh."


KIND = IOChaos()
