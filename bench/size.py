"""Does an answer cost more, the more there is? Times to the first answer at growing sizes.

`python -m bench.size [--sizes 10000 100000 1000000 10000000] [--stores python rust]` brings a stack
of its own up on each document store, puts events through it until each size is reached, and prints
a row for every verb, route of the reader and panel: seconds to the first byte (verbs) or the first
figures, at each size, and how many seconds a million documents add between the smallest and the
largest. A verb's time has the start of Python in it. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

import httpx

from bench.bodies import SCENARIO
from bench.filling import fill
from bench.running_stack import STORES, on_own_stack, print_machine
from bench.setting import Setting, reached
from tests.own_stack import OwnStack
from wire import keys

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
VERBS = (
    ("info",),
    ("status",),
    ("endpoints",),
    ("books",),
    ("books", "--partitions"),
    ("books", "--rejected"),
    ("tallies",),
    ("logs", "--last", "20"),
    ("metrics",),
    ("metrics", "--routes"),
    ("metrics", "--limit"),
    ("run", "list"),
    ("runs", "list"),
    ("chaos", "status"),
    ("experiment", "list"),
)
ROUTES = ("/live", "/logs?last=20", "/total", "/books", "/views")
STREAM = "/live/stream"
_TIMES = 3
_PATIENCE = 4 * 3_600.0

Row = dict[str, float]


def first_byte(stack: OwnStack, words: Sequence[str]) -> float:
    """Seconds from the start of `controlroom WORDS` to its first byte on standard output."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "controlroom", *words],
        env=stack.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        assert child.stdout is not None
        child.stdout.read(1)
        seconds = time.perf_counter() - begun
        child.stdout.read()
    return seconds


def panels(stack: OwnStack) -> Row:
    """Seconds to the first figures of each panel of a room that opens."""
    argv = [sys.executable, "-m", "bench.panels"]
    done = subprocess.run(argv, env=stack.env, capture_output=True, text=True, check=True)
    return {f"panel: {name}": seconds for name, seconds in json.loads(done.stdout).items()}


async def routes(setting: Setting) -> Row:
    """Seconds that each route of the reader takes."""
    (address, *_) = setting.ports("reader", "http")
    found: Row = {}
    async with httpx.AsyncClient(timeout=60) as client:
        told = (await client.get(f"http://{address}/views")).json()
        for route in (*ROUTES, *(view["path"] for view in told["views"]), STREAM):
            begun = time.perf_counter()
            async with client.stream("GET", f"http://{address}{route}") as answer:
                answer.raise_for_status()
                # of the stream the first event, of all others the whole answer
                async for _ in answer.aiter_raw():
                    if route == STREAM:
                        break
            found[f"reader: GET {route}"] = time.perf_counter() - begun
    return found


async def measured(setting: Setting) -> Row:
    """Each thing three times; the medians."""
    rounds: list[Row] = []
    for _ in range(_TIMES):
        verbs = {
            f"controlroom {' '.join(words)}": await asyncio.to_thread(
                first_byte, setting.stack, words
            )
            for words in VERBS
        }
        rounds.append(
            verbs | await routes(setting) | await asyncio.to_thread(panels, setting.stack)
        )
    return {name: statistics.median(row[name] for row in rounds) for name in rounds[0]}


async def grow(setting: Setting, there: int, size: int) -> int:
    """Puts events through the pipeline until so many are stored; how many there are."""
    begun, waited = time.perf_counter(), there
    there += await fill(setting, keys.events_topic(SCENARIO), size - there)

    async def counted() -> int:
        return await setting.counted(SCENARIO)

    await reached(counted, there, _PATIENCE, every=0.2)
    seconds = time.perf_counter() - begun
    rate = (there - waited) / seconds
    print(f"{there:,} documents, {rate:,.0f} events/s until stored", file=sys.stderr, flush=True)
    return there


async def run(setting: Setting, sizes: Sequence[int]) -> None:
    """All sizes on one stack, then the table."""
    found, there = [], 0
    for size in sizes:
        there = await grow(setting, there, size)
        found.append(await measured(setting))
    print("| seconds to the first answer | " + " | ".join(f"{size:,}" for size in sizes), end="")
    print(" | per million more |\n|---|" + "---:|" * (len(sizes) + 1))
    millions = (sizes[-1] - sizes[0]) / 1e6
    for name in found[0]:
        cells = [f"{row[name]:.2f}" for row in found]
        slope = (found[-1][name] - found[0][name]) / millions if millions else 0.0
        print(f"| {name} | {' | '.join(cells)} | {slope:+.3f} |")


def main() -> int:
    """Brings a stack up on each store, measures, takes it down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.size", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--stores", nargs="+", choices=STORES, default=list(STORES))
    args = parser.parse_args()
    print_machine()

    def measure(stack: OwnStack) -> None:
        doors = stack.endpoints()
        asyncio.run(run(Setting(stack, doors, 0, 0, 0), sorted(args.sizes)))

    for store in args.stores:
        print(flush=True)
        code = on_own_stack(measure, {"CONTROLROOM_DOCUMENT_STORE": store})
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
