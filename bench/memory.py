"""Memory of each service over millions of events, at each tenth of them.

`python -m bench.memory [--events 10000000]` brings up a stack of its own and sends bodies of 100
and of 1,000 events by HTTP and gRPC, never far ahead of the consumers, until so many are stored.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from bench import grpc_load, http_load
from bench.bodies import SCENARIO
from bench.overload import http_urls
from bench.resident import Resident
from bench.running_stack import on_own_stack, print_machine
from bench.setting import Setting, reached
from tests.own_stack import OwnStack

AHEAD = 200_000
"""Events that may wait for the consumers when a slice of load begins."""
_SLICE = 4.0
_PARTS = 10


async def run(setting: Setting, events: int) -> None:
    """Sends slice after slice; prints a row at each tenth."""
    memory, sent, row, begun = Resident(setting.stack), 0, 0, time.perf_counter()

    async def stored() -> int:
        return await setting.counted(SCENARIO)

    rows: list[tuple[int, float, dict[str, int]]] = []
    watching = asyncio.create_task(memory.run())
    while (there := await stored()) < events:
        if there >= events * row // _PARTS:
            await memory.ask()
            memory.sample()
            rows.append((there, time.perf_counter() - begun, dict(memory.now)))
            print(f"{there:,} stored after {rows[-1][1]:.0f} s", flush=True)
            row += 1
        if sent < events:
            sent += await _slice(setting)
        await reached(stored, min(sent - AHEAD, events), 600)
        if sent >= events:
            await reached(stored, events, 600)
    memory.sample()
    rows.append((await stored(), time.perf_counter() - begun, dict(memory.now)))
    watching.cancel()
    _print(rows, memory)
    print(f"\nbooks: {setting.stack.books()}")


async def _slice(setting: Setting) -> int:
    """Some seconds of load on both doors; events that were accepted."""
    urls, doors = http_urls(setting), setting.ports("producer-grpc", "grpc")
    outcomes = await asyncio.gather(
        http_load.drive(urls, 100, 8, _SLICE),
        http_load.drive(urls, 1_000, 2, _SLICE),
        grpc_load.drive(doors, 100, 4, _SLICE),
    )
    return sum(outcome.events for outcome in outcomes)


def _print(rows: list[tuple[int, float, dict[str, int]]], memory: Resident) -> None:
    print("\nresident MiB when so many events were stored\n")
    print(f"| process | {' | '.join(f'{stored:,}' for stored, _, _ in rows)} | peak |")
    print("|---" * (len(rows) + 2) + "|")
    for name in memory.start:
        cells = [str(found[name] >> 20) if name in found else "-" for _, _, found in rows]
        print(f"| {name} | {' | '.join(cells)} | {memory.peak[name] >> 20} |")
    print(f"| seconds | {' | '.join(f'{seconds:.0f}' for _, seconds, _ in rows)} | |")


def main() -> int:
    """Brings a stack up, measures, takes it down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000, help="to be stored")
    args = parser.parse_args()

    def measure(stack: OwnStack) -> None:
        asyncio.run(run(Setting(stack, stack.endpoints(), 0.0, 0, 0), args.events))

    print_machine()
    return on_own_stack(measure)


if __name__ == "__main__":
    sys.exit(main())
