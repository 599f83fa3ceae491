"""A broker of a test's own that loses its power: it dies, and its log has lost its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from controlroom.torture.logs import Cut, cut
from host.paths import engine_dir
from host.ports import Ports
from stack.engines.kafka import Kafka
from tests.engines.running import LINES, start, stop, when_ready

PATIENCE = 180.0
"""Seconds for a broker to come up on a machine that is busy with other things."""


class Broker:
    """One real broker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kafka = Kafka(folder, Ports(folder))
        self._child: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        """Where it is, with its login."""
        return self._kafka.brokers().url()

    async def start(self) -> None:
        """Returns when it serves."""
        await self._kafka.prepare(LINES.append)
        spec = self._kafka.spec()
        assert spec is not None
        self._child = await start(spec, self._folder / "kafka.log")
        await when_ready(self._kafka, self._child, PATIENCE)

    async def kill(self) -> None:
        """As a power cut does, with what is in memory only."""
        assert self._child is not None
        self._child.kill()
        await self._child.wait()

    async def stop(self) -> None:
        """As a stack does it."""
        spec = self._kafka.spec()
        if self._child is not None and spec is not None:
            await stop(self._child, spec)

    def cut(self, topic: str, ends: Mapping[int, int]) -> list[Cut]:
        """Takes the end of logs while it is dead; partition -> the end that is left."""
        data = engine_dir(self._folder, "kafka") / "data"
        return [cut(data, topic, partition, end) for partition, end in ends.items()]

    async def lose_power(self, topic: str, ends: Mapping[int, int]) -> None:
        """Dies, and comes back with shorter logs."""
        await self.kill()
        found = self.cut(topic, ends)
        assert [each.end for each in found] == list(ends.values()), found
        await self.start()


@asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[Broker]:
    """A broker that serves, ended with the block."""
    made = Broker(folder)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
