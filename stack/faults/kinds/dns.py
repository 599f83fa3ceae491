"""DNSChaos: carried out by Chaos Mesh alone."""

from __future__ import annotations

from stack.faults.kind import Kind


class DNSChaos(Kind):
    """Refused by the local stack."""

    name = "DNSChaos"
    actions = ("error", "random")
    not_here = "services are given addresses as numbers and ask no name server"
    instead = (
        "Use NetworkChaos partition with the engine as the target, which comes closest, or a "
        "cluster with Chaos Mesh."
    )


KIND = DNSChaos()
