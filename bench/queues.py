"""The queues beside each other, and the doors into Kafka, on the same engines.

`python -m bench.queues [--seconds 4] [--rounds 2] [--store python] [--ways kafka/http kafka/wasm]`
brings up a stack of its own, and for each queue two consumers and a producer of each of its doors.
In every round each way has its turn, at its limit and then at 10, 50 and 90 % of what the slowest
one stores. At its limit a way has at most `--backlog` events accepted and not stored, so a turn
ends soon after its load. It prints per way: accepted and stored events/s, CPU of its processes per
event and their memory (resident, at the end of a turn), queue time (published to handed to the
store), lost; and how the ratios at the limit stand to the aims.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
from collections.abc import AsyncIterator, Mapping, Sequence

from bench import grpc_load, http_load
from bench.accepting import ratio
from bench.http_load import Outcome
from bench.processes import answering, free_port, running
from bench.queue_turns import CONNECTIONS, SIZE, Drive, Row, Stage, Way
from bench.running_stack import STORES, on_own_stack, print_machine
from bench.setting import Setting
from tests.own_stack import OwnStack

WAYS = (
    *("direct/grpc", "direct/http", "pubsub/http", "streams/http"),
    *("kafka/http", "kafka/grpc", "kafka/wasm"),
)
"""Queue and door."""
RATIOS = (("streams/http", "kafka/http", 0.8), ("kafka/wasm", "kafka/http", 0.8))
"""Of stored events/s, with the aims."""
CONSUMERS = 2
BACKLOG = 12_000
"""Events that may be accepted and not stored, at the limit of a way."""
SHARES = (0.1, 0.5, 0.9)
WARM = 1.0
HEAD = (
    "| queue/door | offered/s | accepted/s | stored/s | us CPU/event | MiB | p50 ms | p95 ms "
    "| p99 ms | lost |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def told(way: Way, rate: float) -> str:
    """The line of the table: the middle of all turns, and all that was lost."""
    turns = way.rows[rate]
    middle = Row(*(statistics.median(values) for values in zip(*turns, strict=True)))
    lost = sum(int(row.lost) for row in turns)
    offered = f"{rate:,.0f}" if rate else "its limit"
    return (
        f"| {way.name} | {offered} | {middle.accepted:,.0f} | {middle.stored:,.0f} | "
        f"{middle.cost:.0f} | {middle.memory:.0f} | {middle.p50:.0f} | {middle.p95:.0f} | "
        f"{middle.p99:.0f} | {lost} |"
    )


def ratios(ways: Sequence[Way]) -> list[str]:
    """A line for each aim: the middle of the pairs of turns."""
    stored = {way.name: [row.stored for row in way.rows[0.0]] for way in ways}
    return [
        ratio(f"stored/s, {own} to {other}", _middle(stored[own], stored[other]), 1.0, aim)
        for own, other, aim in RATIOS
        if own in stored and other in stored
    ]


def _middle(own: Sequence[float], other: Sequence[float]) -> float:
    return statistics.median(mine / theirs for mine, theirs in zip(own, other, strict=True))


@contextlib.asynccontextmanager
async def stage_of(setting: Setting, queue: str) -> AsyncIterator[tuple[Stage, Mapping[str, str]]]:
    """A queue with its consumers, and the environment of its doors; they end with the block."""
    async with setting.scratch(queue) as scratch:
        consumers = [
            {**scratch.env, "POD_NAME": f"{queue}-{n}", "ADMIN_PORT": str(free_port())}
            for n in range(CONSUMERS)
        ]
        argv = [sys.executable, "-m", "services.consumer"]
        async with running(argv, consumers) as pids:
            yield Stage(setting, queue, scratch.name, pids), scratch.env


async def door_of(
    stack: contextlib.AsyncExitStack, door: str, env: Mapping[str, str]
) -> tuple[Drive, list[int]]:
    """The processes of a door, which end with `stack`, and what drives it."""
    names = ("HTTP_PORT", "GRPC_PORT", "WORKER_PORT")
    given = {**env, "POD_NAME": f"bench-{door}", **{name: str(free_port()) for name in names}}

    async def started(module: str, port: str) -> list[int]:
        own = {**given, "ADMIN_PORT": str(free_port())}
        argv = [sys.executable, "-m", f"services.{module}"]
        pids: list[int] = await stack.enter_async_context(running(argv, [own]))
        await answering([f"127.0.0.1:{given[port]}"], 60)
        return pids

    if door == "grpc":
        pids = await started("producer_grpc.server", "GRPC_PORT")
        return _by_grpc(f"127.0.0.1:{given['GRPC_PORT']}"), pids
    address = f"http://127.0.0.1:{given['HTTP_PORT']}"
    if door == "http":
        return _by_http(f"{address}/input"), await started("producer_http", "HTTP_PORT")
    pids = await started("producer_wasm.worker", "WORKER_PORT")
    pids += await started("producer_wasm.front", "HTTP_PORT")
    return _by_http(f"{address}/wasm"), pids


def _by_http(url: str) -> Drive:
    async def drive(seconds: float, rate: float, allowed: AsyncIterator[int] | None) -> Outcome:
        return await http_load.drive([url], SIZE, CONNECTIONS, seconds, rate, allowed=allowed)

    return drive


def _by_grpc(address: str) -> Drive:
    async def drive(seconds: float, rate: float, allowed: AsyncIterator[int] | None) -> Outcome:
        return await grpc_load.drive([address], SIZE, CONNECTIONS, seconds, rate, allowed)

    return drive


async def begin(
    stack: contextlib.AsyncExitStack, setting: Setting, names: Sequence[str]
) -> list[Way]:
    """Brings up every way of these names, each until it has stored something."""
    stages: dict[str, tuple[Stage, Mapping[str, str]]] = {}
    ways: list[Way] = []
    for name in names:
        queue, _, door = name.partition("/")
        if queue not in stages:
            stages[queue] = await stack.enter_async_context(stage_of(setting, queue))
        stage, env = stages[queue]
        drive, pids = await door_of(stack, door, env)
        ways.append(Way(name, stage, drive, [*pids, *stage.pids]))
        begun = await setting.counted(stage.scenario)
        while await setting.counted(stage.scenario) == begun:
            await drive(WARM, CONNECTIONS, None)
    return ways


async def measure_all(setting: Setting, names: Sequence[str], backlog: int, shares: bool) -> None:
    """Prints the tables."""
    print_machine()
    async with contextlib.AsyncExitStack() as stack:
        ways = await begin(stack, setting, names)

        async def table(rate: float) -> None:
            for _ in range(setting.rounds):
                for each in ways:
                    await each.turn(rate, setting.seconds, backlog)
            print(f"\n{HEAD}")
            for each in ways:
                print(told(each, rate), flush=True)

        await table(0.0)
        print("", *ratios(ways), sep="\n", flush=True)
        slowest = min(statistics.median(r.stored for r in each.rows[0.0]) for each in ways)
        for share in SHARES if shares else ():
            await table(max(1, round(slowest * share / SIZE)) * SIZE)


def main() -> int:
    """Brings a stack up, measures, takes it down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.queues", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="load of each turn")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each way and load")
    parser.add_argument("--store", default="python", choices=STORES, help="the document store")
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS, metavar="QUEUE/DOOR")
    parser.add_argument("--backlog", type=int, default=BACKLOG, help="events, at the limit")
    parser.add_argument("--limits", action="store_true", help="the limits alone")
    args = parser.parse_args()

    def measure(stack: OwnStack) -> None:
        setting = Setting(stack, stack.endpoints(), args.seconds, args.rounds, 0)
        asyncio.run(measure_all(setting, args.ways, args.backlog, not args.limits))

    return on_own_stack(measure, {"CONTROLROOM_DOCUMENT_STORE": args.store})


if __name__ == "__main__":
    sys.exit(main())
