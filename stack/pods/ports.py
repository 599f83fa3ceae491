"""Free ports for pods; each is given to one pod at a time."""

from __future__ import annotations

import random

from host.errors import StackError
from host.ports import CHOICE, Ports, is_free


class PodPorts:
    """Ports of pods, apart from those that engines and links keep."""

    def __init__(self, kept: Ports) -> None:
        self._kept = kept
        self._given: set[int] = set()

    def take(self) -> int:
        """A port on which nothing listens."""
        reserved = self._given | set(self._kept.known().values())
        for port in random.sample(CHOICE, 400):
            if port not in reserved and is_free(port):
                self._given.add(port)
                return port
        raise StackError(
            f"No free port was found between {CHOICE.start} and {CHOICE.stop} on 127.0.0.1.",
            "End the programs that hold them.",
        )

    def give_back(self, port: int) -> None:
        """The pod is gone."""
        self._given.discard(port)
