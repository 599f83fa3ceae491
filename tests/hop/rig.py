"""The hop on the real engines: its three processes, and a link between the clusters."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.consumer.proxies import Link, link
from tests.consumer.rig import Rig, Service
from tests.ports import free_port
from tests.waiting import until


@dataclass
class Hop:
    """Near side: Kafka, worker, client. Far side: server and stores."""

    rig: Rig
    link: Link
    socket: Path
    ledger: Path
    port: int
    worker: Service
    client: Service
    server: Service

    async def again(self, part: str) -> None:
        """Kills one of the three and starts it anew, as its node would."""
        service: Service = getattr(self, part)
        service.kill()
        await service.process.wait()
        setattr(self, part, await getattr(self, f"start_{part}")())

    async def start_worker(self) -> Service:
        """The container that reads Kafka."""
        given = {"HOP_SOCKET": str(self.socket), "LEDGER_DIR": str(self.ledger)}
        nowhere = {"REDIS_URL": "", "MONGO_URL": ""}
        return await self.rig.start("services.hop.worker", "hop-worker", given | nowhere)

    async def start_client(self) -> Service:
        """The container that calls across."""
        given = {"HOP_SOCKET": str(self.socket), "HOP_TARGET": self.link.url}
        nowhere = {"KAFKA_BOOTSTRAP": "", "REDIS_URL": "", "MONGO_URL": ""}
        return await self.rig.start("services.hop.client", "hop-client", given | nowhere)

    async def start_server(self) -> Service:
        """The far side."""
        given = {"GRPC_PORT": str(self.port), "KAFKA_BOOTSTRAP": ""}
        return await self.rig.start("services.hop.server", "hop-server", given)

    async def ready(self) -> bool:
        """Whether all three say that they are."""
        services = (self.worker, self.client, self.server)
        return all([await service.ready() for service in services])

    async def open(self) -> bool:
        """Whether the breaker lets nothing through, and both containers say so."""
        answers = [await service.get("/readyz") for service in (self.worker, self.client)]
        unready = all(answer is not None and answer.status_code == 503 for answer in answers)
        return unready and await self.client.metric("controlroom_hop_refused_total") > 0


@contextlib.asynccontextmanager
async def hop(rig: Rig) -> AsyncIterator[Hop]:
    """The three processes, ready; ended with the rig."""
    port = free_port()
    # the path of a unix socket has to be short
    with tempfile.TemporaryDirectory(prefix="hop") as folder:
        async with link(rig.engines.toxiproxy, f"127.0.0.1:{port}") as where:
            idle: Service = None  # type: ignore[assignment] # started below
            place = Path(folder)
            made = Hop(rig, where, place / "s", place / "ledger", port, idle, idle, idle)
            made.server = await made.start_server()
            made.client = await made.start_client()
            made.worker = await made.start_worker()
            await until(made.ready, "a hop that is ready", timeout=60)
            yield made
