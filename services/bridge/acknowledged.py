"""What producers have acknowledged, brought from their acknowledged counters to the books on the
remote side.

The cluster that has Kafka has no Redis, so its producers only keep their acknowledged counters. The
worker reads those of the folder that they share and sends the counts across, again and again, so
that a cut link only delays them.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from services.bridge.remote import BridgeError, called
from services.pb import bridge_pb2 as pb
from services.pb.bridge_pb2_grpc import BridgeStub
from services.shared.acknowledged import read_counts

EVERY = 1.0
"""Seconds between two looks into the folder."""
_ANYWAY = 10
"""Looks after which the counts are sent though none has changed: Redis may have lost them."""


class AcknowledgedSender:
    """Sends the counts of all acknowledged counters of a folder across."""

    def __init__(self, folder: Path, scenario: str, stub: BridgeStub) -> None:
        self._folder = folder
        self._scenario = scenario
        self._stub = stub
        self._sent: dict[str, int] = {}

    async def run(self) -> None:
        """Publish until cancelled."""
        turn = 0
        while True:
            await self.publish(anyway=turn % _ANYWAY == 0)
            turn += 1
            await asyncio.sleep(EVERY)

    async def publish(self, anyway: bool) -> None:
        """Send the counts where one has changed, or `anyway`."""
        counts = await asyncio.to_thread(read_counts, self._folder, self._scenario)
        if not counts or (counts == self._sent and not anyway):
            return
        try:
            message = pb.Acknowledged(scenario=self._scenario, counts=counts)
            await called(self._stub.Acknowledge, message)
            self._sent = counts
        except BridgeError:
            self._sent = {}
