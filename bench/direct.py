"""covid's gRPC path beside the way of its brief: greeting, post, insert, each event by itself.

`python -m bench.direct [--seconds 5] [--rounds 3] [--store python]` brings up a stack of its own.
Both ways have the same HTTP client in front; behind it is a gRPC server that posts to an API, once
those of scenarios/covid/services, once those of bench/per_event, which wait for one post and one
insert for each event. They take turns. Printed are events that were stored per second (the clients
wait for that), CPU of all processes of a way per event, and latencies.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from bench import http_load
from bench.cost import cpu_seconds
from bench.processes import answering, free_port, running
from bench.running_stack import STORES, on_own_stack, print_machine
from tests.own_stack import OwnStack

SCENARIO = "covid"
CONNECTIONS = 50
SERVICES = "scenarios.covid.services"
WARM = 1.0
HEAD = (
    "\n| way | connections | stored/s | us CPU/event | p50 ms | p95 ms | p99 ms | failed |"
    "\n|---|---:|---:|---:|---:|---:|---:|---:|"
)


@dataclass
class Way:
    """One way with its processes; a turn is stored/s, CPU, p50, p95, p99, failed."""

    name: str
    url: str
    pids: list[int]
    turns: list[tuple[float, ...]] = field(default_factory=list)

    async def turn(self, seconds: float, connections: int) -> None:
        """As much as goes, for a while."""
        before = cpu_seconds(self.pids)
        found = await http_load.drive([self.url], 1, connections, seconds, scenario=SCENARIO)
        cost = (cpu_seconds(self.pids) - before) / max(1, found.events) * 1e6
        latencies = [found.percentile(share) for share in (0.5, 0.95, 0.99)]
        self.turns.append((found.rate, cost, *latencies, found.failures))

    def told(self, connections: int) -> str:
        """The line of the table: the middle of the turns since the last."""
        middle = [statistics.median(values) for values in zip(*self.turns, strict=True)]
        self.turns.clear()
        figures = " | ".join(f"{value:,.0f}" for value in middle)
        return f"| {self.name} | {connections} | {figures} |"


async def _begun(
    stack: contextlib.AsyncExitStack, module: str, env: Mapping[str, str], port: int
) -> list[int]:
    argv = [sys.executable, "-m", module]
    pids: list[int] = await stack.enter_async_context(running(argv, [env]))
    await answering([f"127.0.0.1:{port}"], 60)
    return pids


@contextlib.asynccontextmanager
async def way(name: str, doors: Mapping[str, str], per_event: bool) -> AsyncIterator[Way]:
    """Three processes that call each other, and end with the block."""
    client, server, api = (free_port() for _ in range(3))
    with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as folder:
        common = {
            "SCENARIO": SCENARIO,
            "QUEUE": "direct",
            "KAFKA_BOOTSTRAP": doors["kafka"],
            "REDIS_URL": doors["redis"],
            "MONGO_URL": doors["mongo"],
            "SUBSCRIBERS_URL": f"http://127.0.0.1:{api}",
            "SERVER_HOST": f"127.0.0.1:{server}",
            "COLLECTION": "bench-per-event",
            "POD_IP": "127.0.0.1",
            "LEDGER_DIR": folder,
            "DRAIN_SECONDS": "0",
        }

        def env(module: str, **ports: str) -> dict[str, str]:
            return {
                **common,
                "POD_NAME": f"bench-{module}",
                "ADMIN_PORT": str(free_port()),
                **ports,
            }

        async with contextlib.AsyncExitStack() as stack:
            if per_event:
                given = env("api", ADDRESS=f"127.0.0.1:{api}")
                pids = await _begun(stack, "bench.per_event.subscribers", given, api)
                given = env("server", ADDRESS=f"127.0.0.1:{server}")
                pids += await _begun(stack, "bench.per_event.greeter", given, server)
            else:
                pids = await _begun(
                    stack, f"{SERVICES}.subscribers", env("api", HTTP_PORT=str(api)), api
                )
                pids += await _begun(
                    stack, f"{SERVICES}.server", env("server", GRPC_PORT=str(server)), server
                )
            pids += await _begun(
                stack, f"{SERVICES}.client", env("client", HTTP_PORT=str(client)), client
            )
            made = Way(name, f"http://127.0.0.1:{client}/", pids)
            # its first calls wait until all behind it is ready
            while not (await http_load.drive([made.url], 1, 1, WARM, scenario=SCENARIO)).events:
                continue
            yield made


async def measure_all(doors: Mapping[str, str], seconds: float, rounds: int) -> None:
    """Prints the table, a pair of lines for each number of connections, and the ratio."""
    print_machine()
    async with (
        way("per event", doors, per_event=True) as old,
        way("covid", doors, per_event=False) as new,
    ):
        print(HEAD)
        for connections in (1, CONNECTIONS):
            for _ in range(rounds):
                for each in (old, new):
                    await each.turn(seconds, connections)
            ratio = statistics.median(
                mine[0] / theirs[0] for mine, theirs in zip(new.turns, old.turns, strict=True)
            )
            print(old.told(connections), new.told(connections), sep="\n", flush=True)
            print(f"covid to per event, middle of the pairs: {ratio:.2f}", file=sys.stderr)


def main() -> int:
    """Brings a stack up, measures, takes it down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.direct", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="load of each turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way")
    parser.add_argument("--store", default="python", choices=STORES, help="the document store")
    args = parser.parse_args()

    def measure(stack: OwnStack) -> None:
        asyncio.run(measure_all(stack.endpoints(), args.seconds, args.rounds))

    return on_own_stack(measure, {"CONTROLROOM_DOCUMENT_STORE": args.store})


if __name__ == "__main__":
    sys.exit(main())
