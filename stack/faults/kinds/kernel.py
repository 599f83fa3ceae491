"""KernelChaos: carried out by Chaos Mesh alone."""

from __future__ import annotations

from stack.faults.kind import Kind


class KernelChaos(Kind):
    """Refused by the local stack."""

    name = "KernelChaos"
    not_here = "all processes share the kernel of this machine"
    instead = "Use PodChaos, or a cluster with Chaos Mesh."


KIND = KernelChaos()
