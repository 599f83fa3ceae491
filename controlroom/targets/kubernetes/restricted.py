"""What pods of the room's own Jobs may do: what Pod Security's level `restricted` asks."""

from __future__ import annotations

from typing import Any

POD: dict[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The pod's `securityContext`."""
CONTAINER: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""Each container's `securityContext`."""
