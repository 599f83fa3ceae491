"""More than the pipeline can take, for minutes, with engines away on the way.

`python -m bench.overload [--minutes 10] [--times 5] [--fault kafka-away ...]` brings up a stack
of its own, measures what it stores per second, then offers `--times` as much by HTTP and gRPC,
injects the faults one after the other, evenly spread, and prints: answers by status, acknowledged
against stored, seconds until events are taken again after each engine's return and until all is
stored after the load's end, memory of every process. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from bench import grpc_load, http_load
from bench.bodies import SCENARIO, http_bodies
from bench.outage import LINKS, outage
from bench.resident import Resident
from bench.running_stack import on_own_stack, print_machine
from bench.setting import Setting, reached
from tests.own_stack import OwnStack
from wire import keys
from wire.committed import read_committed
from wire.topics import OffsetReader

SIZE = 100
"""Events of a body."""
_GRPC_SHARE = 0.25
_WARM = 3.0
_MEASURE = 10.0
_FEW = 20
"""Events that may wait when nothing but the probe sends."""
_PATIENCE = 1_800.0


@dataclass(frozen=True)
class Plan:
    """What is to be done. Times are seconds."""

    seconds: float
    times: float
    faults: tuple[str, ...]
    fault_seconds: float
    connections: int


@dataclass
class Probe:
    """Single events beside the load, one after the other: when was one taken?"""

    url: str
    taken: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Sends until cancelled."""
        body = http_bodies(1)[0]
        async with httpx.AsyncClient(timeout=30) as client:
            while True:
                try:
                    status = (await client.post(self.url, content=body)).status_code
                except httpx.HTTPError as error:
                    self.answers[type(error).__name__] += 1
                else:
                    self.answers[str(status)] += 1
                    if status == 201:
                        self.taken.append(time.perf_counter())
                await asyncio.sleep(0.1)

    def after(self, moment: float) -> str:
        """Seconds from that moment to the next event that was taken."""
        found = next((at for at in self.taken if at > moment), None)
        return "never" if found is None else f"{found - moment:.1f} s"


async def capacity(setting: Setting) -> float:
    """Stored events/s while more is offered."""
    urls = http_urls(setting)
    await http_load.drive(urls, SIZE, 10, _WARM)
    await reached(lambda: setting.counted(SCENARIO), 1, 60)
    load = asyncio.create_task(http_load.drive(urls, SIZE, 10, _MEASURE))
    begun, first = time.perf_counter(), await setting.counted(SCENARIO)
    await load
    return (await setting.counted(SCENARIO) - first) / (time.perf_counter() - begun)


def http_urls(setting: Setting) -> list[str]:
    """The producers' doors, past the ingress."""
    return [f"http://{a}/input" for a in setting.ports("producer-http", "http")]


async def run(setting: Setting, plan: Plan) -> None:
    """Measures, overloads, waits, prints."""
    stored_rate = await capacity(setting)
    await drained(setting)
    before = setting.stack.books()["acknowledged"]
    offered = stored_rate * plan.times / SIZE
    print(
        f"stored {stored_rate:,.0f} events/s; offered {offered * SIZE:,.0f} events/s "
        f"for {plan.seconds:.0f} s, faults: {', '.join(plan.faults)}",
        flush=True,
    )
    memory, probe = Resident(setting.stack), Probe(f"{setting.doors['ingress']}/input")
    watchers = [asyncio.create_task(memory.run()), asyncio.create_task(probe.run())]
    faults = asyncio.create_task(_faults(setting, plan))
    outcomes = await asyncio.gather(
        http_load.drive(
            http_urls(setting),
            SIZE,
            plan.connections,
            plan.seconds,
            offered * (1 - _GRPC_SHARE),
        ),
        grpc_load.drive(
            setting.ports("producer-grpc", "grpc"),
            SIZE,
            max(2, plan.connections // 4),
            plan.seconds,
            offered * _GRPC_SHARE,
        ),
    )
    ended, returned = time.perf_counter(), await faults
    waited = await drained(setting)
    watchers[1].cancel()
    await asyncio.wait([watchers[1]])
    memory.sample()
    watchers[0].cancel()
    for name, outcome in zip(("http", "grpc"), outcomes, strict=True):
        print_answers(name, outcome)
    print(f"| probe | {dict(probe.answers)} | |")
    acknowledged = sum(outcome.events for outcome in outcomes) + len(probe.taken)
    _print_books(setting, acknowledged, before)
    for name, moment in returned.items():
        print(f"taken again {probe.after(moment)} after the end of {name}")
    print(f"all stored {waited - ended:.1f} s after the end of the load")
    memory.print_rows()


async def _faults(setting: Setting, plan: Plan) -> dict[str, float]:
    """The outages, each in the middle of its share of the load; the moments of their ends."""
    begun, share, ends = time.perf_counter(), plan.seconds / max(1, len(plan.faults)), {}
    for number, name in enumerate(plan.faults):
        due = begun + share * number + (share - plan.fault_seconds) / 2
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        ends[name] = await outage(setting.stack, name, plan.fault_seconds)
    return ends


async def drained(setting: Setting) -> float:
    """The moment at which no more than the probe's own events waited for the consumers."""
    topic = keys.events_topic(SCENARIO)
    async with OffsetReader(setting.doors["kafka"]) as offsets, setting.redis() as redis:
        async with asyncio.timeout(_PATIENCE):
            while True:
                ends = await offsets.end_offsets(topic)
                committed_offsets = (await read_committed(redis, SCENARIO)).offsets
                if (
                    sum(ends.values())
                    - sum(committed + 1 for committed in committed_offsets.values())
                    <= _FEW
                ):
                    return time.perf_counter()
                await asyncio.sleep(0.2)


def print_answers(name: str, outcome: http_load.Outcome) -> None:
    """The answers of one door."""
    if name == "http":
        print("\n| door | answer | requests |\n|---|---|---:|")
    for words, number in sorted(outcome.answers.items()):
        print(f"| {name} | {words} | {number:,} |")
    print(
        f"| {name} | accepted {outcome.rate:,.0f} events/s, client {outcome.client:.0%} of a core "
        f"| {outcome.requests:,} |"
    )


def _print_books(setting: Setting, acknowledged: int, before: int) -> None:
    while (books := setting.stack.books())["in_flight"]:
        time.sleep(0.2)
    print(
        f"\nacknowledged to clients {acknowledged:,}, by the producers' count "
        f"{books['acknowledged'] - before:,}; books: {books}"
    )


def main() -> int:
    """Brings a stack up, overloads it, takes it down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of the load")
    parser.add_argument("--times", type=float, default=5.0, help="the capacity that is offered")
    parser.add_argument(
        "--fault", nargs="*", choices=sorted(LINKS), default=["kafka-away"], help="in this order"
    )
    parser.add_argument("--fault-seconds", type=float, default=30.0)
    parser.add_argument("--connections", type=int, default=400, help="of HTTP; gRPC has a quarter")
    parser.add_argument(
        "--kept", type=int, default=32 << 20, help="bytes that Kafka keeps of each partition"
    )
    args = parser.parse_args()
    plan = Plan(
        args.minutes * 60, args.times, tuple(args.fault), args.fault_seconds, args.connections
    )

    def measure(stack: OwnStack) -> None:
        asyncio.run(run(Setting(stack, stack.endpoints(), 0.0, 0, 0), plan))

    print_machine()
    return on_own_stack(measure, {"CONTROLROOM_TOPIC_BYTES_PER_PARTITION": str(args.kept)})


if __name__ == "__main__":
    sys.exit(main())
