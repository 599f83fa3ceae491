"""Free ports for pods; each is given to one pod at a time."""

from __future__ import annotations

from host.ports import Ports, let_go, unused


class PodPorts:
    """Ports of pods, apart from those that engines and links keep."""

    def __init__(self, kept: Ports) -> None:
        self._kept = kept
        self._given: set[int] = set()

    def take(self) -> int:
        """A port on which nothing listens."""
        reserved = self._given | set(self._kept.known().values())
        port = unused(reserved)
        self._given.add(port)
        return port

    def give_back(self, port: int) -> None:
        """The pod is gone."""
        self._given.discard(port)
        let_go(port)
