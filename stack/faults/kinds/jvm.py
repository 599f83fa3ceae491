"""JVMChaos: carried out by Chaos Mesh alone."""

from __future__ import annotations

from stack.faults.kind import Kind


class JVMChaos(Kind):
    """Refused by the local stack."""

    name = "JVMChaos"
    actions = ("latency", "return", "exception", "stress", "gc", "ruleData", "mysql")
    not_here = "no service of the pipeline runs on a Java virtual machine"
    instead = "Use PodChaos or StressChaos."


KIND = JVMChaos()
