"""What can be put on a link between a deployment and an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Stream = Literal["upstream", "downstream"]
"""Upstream is from the deployment to the engine."""


@dataclass(frozen=True, slots=True)
class Toxic:
    """One disturbance of one link. `share` is the part of the connections that it hits."""

    link: str
    name: str
    kind: str
    stream: Stream
    attributes: Mapping[str, float] = field(default_factory=dict)
    share: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """As toxiproxy's API takes it."""
        return {
            "name": self.name,
            "type": self.kind,
            "stream": self.stream,
            "toxicity": self.share,
            "attributes": dict(self.attributes),
        }


def link_name(deployment: str, engine: str) -> str:
    """`consumer.redis`."""
    return f"{deployment}.{engine}"
