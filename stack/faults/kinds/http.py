"""HTTPChaos: carried out by Chaos Mesh alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stack.faults.kind import Kind


class HTTPChaos(Kind):
    """Refused by the local stack."""

    name = "HTTPChaos"
    not_here = "the ingress has no rule for the requests of one pod"
    instead = "Use NetworkChaos on the links of the deployment, or a cluster with Chaos Mesh."

    def action(self, spec: Mapping[str, Any]) -> str:
        """Which of abort, delay, replace and patch it asks for."""
        words = [word for word in ("abort", "delay", "replace", "patch") if spec.get(word)]
        return "+".join(words)


KIND = HTTPChaos()
