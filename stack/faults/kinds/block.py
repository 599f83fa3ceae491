"""BlockChaos: carried out by Chaos Mesh alone."""

from __future__ import annotations

from stack.faults.kind import Kind


class BlockChaos(Kind):
    """Refused by the local stack."""

    name = "BlockChaos"
    actions = ("delay",)
    not_here = "block devices belong to the whole machine"
    instead = "Use NetworkChaos delay on the link to the store, or a cluster with Chaos Mesh."


KIND = BlockChaos()
