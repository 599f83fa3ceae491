"""Rows (a): accepted events/s by each door, and by producers as others write them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from bench import grpc_load, http_load
from bench.cost import cpu_seconds
from bench.http_load import LIMIT, Outcome
from bench.processes import answering, free_port, go_producer, running
from bench.setting import Setting
from wire.kafka import brokers_of

OTHERS = 2
"""Processes of every other producer: as many as the stack has replicas."""
WARM = 1.5
"""Seconds."""
HUNDREDS = "HTTP, 100 events, 10 connections"
WASM = "HTTP to the WASM front"
EACH = "per-event producer, 1 event, 200"
GO = "Go, 10 ms batches, 1 event, 200"
HEAD = (
    "| door | accepted/s | p50 ms | p99 ms | CPU us/event | client core | failed |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


@dataclass
class Door:
    """One way in: which processes pay for it, and how it is driven for some seconds."""

    name: str
    pids: list[int]
    drive: Callable[[float], Awaitable[Outcome]]
    outcomes: list[Outcome] = field(default_factory=list)
    cpu: float = 0.0

    async def measure(self, seconds: float) -> None:
        """One more round; the first one after a moment in which everybody connects."""
        if not self.outcomes:
            await self.drive(WARM)
        before = cpu_seconds(self.pids)
        self.outcomes.append(await self.drive(seconds))
        self.cpu += cpu_seconds(self.pids) - before

    @property
    def rate(self) -> float:
        """Accepted events per second over all rounds."""
        return self._events / sum(outcome.seconds for outcome in self.outcomes)

    @property
    def _events(self) -> int:
        return sum(outcome.events for outcome in self.outcomes)

    def row(self) -> str:
        """Its line of the table."""
        whole = Outcome(latencies=[one for o in self.outcomes for one in o.latencies])
        client = max(outcome.client for outcome in self.outcomes)
        mark = " (the limit)" if client > LIMIT else ""
        return (
            f"| {self.name} | {self.rate:,.0f} | {whole.percentile(0.5):.1f} "
            f"| {whole.percentile(0.99):.1f} | {self.cpu / max(1, self._events) * 1e6:.0f} "
            f"| {client:.2f}{mark} | {sum(o.failures for o in self.outcomes)} |"
        )


@contextlib.asynccontextmanager
async def own_doors(setting: Setting) -> AsyncIterator[list[Door]]:
    """Our producers on equal terms: a topic that nobody consumes, no proxy on the way to Kafka."""
    async with setting.scratch() as scratch, contextlib.AsyncExitStack() as stack:
        envs = [
            {**scratch.env, "POD_NAME": f"bench-{number}"}
            | {name: str(free_port()) for name in ("HTTP_PORT", "GRPC_PORT")}
            for number in range(OTHERS)
        ]

        async def started(module: str, port: str) -> tuple[list[str], list[int]]:
            # each container of a pod has an admin port of its own
            given = [{**env, "ADMIN_PORT": str(free_port())} for env in envs]
            pids = await stack.enter_async_context(running([sys.executable, "-m", module], given))
            addresses = [f"127.0.0.1:{env[port]}" for env in envs]
            await answering(addresses)
            return addresses, pids

        addresses, by_http = await started("services.producer_http", "HTTP_PORT")
        http = [f"http://{address}/input" for address in addresses]
        envs = [
            env | {"HTTP_PORT": str(free_port()), "GRPC_SERVER_PORT": env["GRPC_PORT"]}
            for env in envs
        ]
        grpc, by_server = await started("services.producer_grpc.server", "GRPC_PORT")
        addresses, by_front = await started("services.producer_grpc.front", "HTTP_PORT")
        front = [f"http://{address}/grpc" for address in addresses]
        envs = [env | {n: str(free_port()) for n in ("HTTP_PORT", "WORKER_PORT")} for env in envs]
        _, by_worker = await started("services.producer_wasm.worker", "WORKER_PORT")
        addresses, by_wasm = await started("services.producer_wasm.front", "HTTP_PORT")
        to_wasm = [f"http://{address}/wasm" for address in addresses]
        yield [
            *(http_door(single(n), http, 1, n, by_http) for n in (10, 50, 200)),
            http_door(HUNDREDS, http, 100, 10, by_http),
            http_door("HTTP to the gRPC front, 1 event, 50", front, 1, 50, by_front + by_server),
            *(http_door(wasm(n), to_wasm, 1, n, by_wasm + by_worker) for n in (50, 200)),
            http_door(f"{WASM}, 100 events, 10", to_wasm, 100, 10, by_wasm + by_worker),
            grpc_door("gRPC unary, 50 at once", grpc, 1, 50, by_server),
            grpc_door("gRPC batches of 100, 10 at once", grpc, 100, 10, by_server),
            grpc_door("gRPC streams of 1,000, 4 at once", grpc, 1000, 4, by_server),
        ]


def single(connections: int) -> str:
    """The name of the row with one event per request."""
    return f"HTTP, 1 event, {connections} connections"


def wasm(connections: int) -> str:
    """The same of the WASM door."""
    return f"{WASM}, {connections}"


def http_door(name: str, urls: list[str], size: int, connections: int, pids: list[int]) -> Door:
    """Bodies of `size` events by HTTP."""
    return Door(name, pids, lambda s: http_load.drive(urls, size, connections, s))


def grpc_door(name: str, urls: list[str], size: int, workers: int, pids: list[int]) -> Door:
    """Calls of `size` events by gRPC."""
    return Door(name, pids, lambda s: grpc_load.drive(urls, size, workers, s))


@contextlib.asynccontextmanager
async def other(
    setting: Setting, argv: list[str], topic: str
) -> AsyncIterator[tuple[list[str], list[int]]]:
    """Another producer on a topic of its own: URLs and processes."""
    await setting.make_topic(topic)
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(OTHERS)]
    kafka = brokers_of(setting.doors["kafka"])
    common = {"KAFKA_BOOTSTRAP": str(kafka), "TOPIC": topic} | kafka.environment()
    async with running(argv, [{**common, "ADDRESS": address} for address in addresses]) as pids:
        await answering(addresses)
        yield [f"http://{address}/input" for address in addresses], pids
    await setting.drop_topics(topic)


async def print_rows(setting: Setting) -> None:
    """Measures all doors in turn, `rounds` times."""
    async with contextlib.AsyncExitStack() as stack:
        doors = await stack.enter_async_context(own_doors(setting))
        each = [sys.executable, "-m", "bench.per_event.producer"]
        urls, pids = await stack.enter_async_context(other(setting, each, "bench-each-in"))
        doors.append(http_door(EACH, urls, 1, 200, pids))
        if (program := go_producer()) is not None:
            urls, pids = await stack.enter_async_context(other(setting, [program], "bench-go"))
            doors.append(http_door(GO, urls, 1, 200, pids))
        for _ in range(setting.rounds):
            for door in doors:
                await door.measure(setting.seconds)
        print(f"\n(a) accepted events\n\n{HEAD}")
        for door in doors:
            print(door.row(), flush=True)
    rates = {door.name: door.rate for door in doors}
    print()
    if GO in rates:
        print(
            ratio("one event per request, 200 connections, to Go", rates[single(200)], rates[GO], 1)
        )
    print(ratio("bodies of 100 to the per-event producer", rates[HUNDREDS], rates[EACH], 15))
    print(ratio("WASM to HTTP, 50 connections", rates[wasm(50)], rates[single(50)], 0.8))


def ratio(what: str, own: float, other: float, aim: float) -> str:
    """One line that says how two figures of the same run stand to each other and to the aim."""
    found = own / max(other, 1e-9)
    return f"{what}: {found:.2f} (aim {aim:g}: {'reached' if found >= aim else 'missed'})"
