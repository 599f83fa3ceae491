"""The bridge on the real engines: its three processes, and a link between the clusters."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.consumer.proxies import Link, link
from tests.consumer.rig import Rig, Service
from tests.ports import free_port
from tests.waiting import until

TOKEN = "between-the-two-sides"


@dataclass
class Bridge:
    """Local side: Kafka, worker, client. Remote side: server and stores."""

    rig: Rig
    link: Link
    store: Link
    """From the server to Redis."""
    socket: Path
    acknowledged: Path
    port: int
    worker: Service
    client: Service
    server: Service

    async def again(self, part: str) -> None:
        """Kills one of the three and starts it again, as its node would."""
        service: Service = getattr(self, part)
        service.kill()
        await service.process.wait()
        setattr(self, part, await standing(getattr(self, f"start_{part}")))

    async def start_worker(self) -> Service:
        """The container that reads Kafka."""
        given = {"BRIDGE_SOCKET": str(self.socket), "LEDGER_DIR": str(self.acknowledged)}
        nowhere = {"REDIS_URL": "", "MONGO_URL": ""}
        return await self.rig.start("services.bridge.worker", "bridge-worker", given | nowhere)

    async def start_client(self) -> Service:
        """The container that calls across."""
        given = {
            "BRIDGE_SOCKET": str(self.socket),
            "BRIDGE_TARGET": self.link.url,
            "BRIDGE_TOKEN": TOKEN,
        }
        nowhere = {"KAFKA_BOOTSTRAP": "", "REDIS_URL": "", "MONGO_URL": ""}
        return await self.rig.start("services.bridge.client", "bridge-client", given | nowhere)

    async def start_server(self) -> Service:
        """The remote side, where it was before."""
        return await server(self.rig, self.port, self.store)

    async def ready(self) -> bool:
        """Whether all three say that they are."""
        services = (self.worker, self.client, self.server)
        return all([await service.ready() for service in services])

    async def open(self) -> bool:
        """Whether the breaker lets nothing through, and both containers say so."""
        answers = [await service.get("/readyz") for service in (self.worker, self.client)]
        unready = all(answer is not None and answer.status_code == 503 for answer in answers)
        return unready and await self.client.metric("controlroom_bridge_refused_total") > 0


async def server(rig: Rig, port: int, store: Link) -> Service:
    """The remote side; it is started, not yet ready."""
    given = {
        "GRPC_PORT": str(port),
        "KAFKA_BOOTSTRAP": "",
        "REDIS_URL": store.url,
        "BRIDGE_TOKEN": TOKEN,
    }
    return await rig.start("services.bridge.server", "bridge-server", given)


async def standing(start: Callable[[], Awaitable[Service]]) -> Service:
    """A service that is ready; one that ended, since somebody had its port, is started again."""
    for _ in range(5):
        service = await start()

        async def settled(service: Service = service) -> bool:
            return service.process.returncode is not None or await service.ready()

        await until(settled, "a service that is ready, or has ended", timeout=60)
        if service.process.returncode is None:
            return service
    raise AssertionError(service.log.read_text())


@contextlib.asynccontextmanager
async def bridge(rig: Rig) -> AsyncIterator[Bridge]:
    """The three processes, ready; ended with the rig."""
    ports: list[int] = []

    async def start() -> Service:
        ports.append(free_port())
        return await server(rig, ports[-1], store)

    toxiproxy = rig.engines.toxiproxy
    async with link(toxiproxy, rig.engines.redis) as store:
        remote = await standing(start)
        # the path of a unix socket has to be short
        with tempfile.TemporaryDirectory(prefix="bridge") as folder:
            async with link(toxiproxy, f"127.0.0.1:{ports[-1]}") as where:
                position = Path(folder)
                made = Bridge(
                    rig,
                    where,
                    store,
                    position / "s",
                    position / "l",
                    ports[-1],
                    remote,
                    remote,
                    remote,
                )
                made.client = await made.start_client()
                made.worker = await made.start_worker()
                await until(made.ready, "a bridge that is ready", timeout=60)
                yield made
