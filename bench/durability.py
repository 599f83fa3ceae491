"""What it costs to survive a power cut: `python -m bench.durability [--seconds 5]`.

Brings up a stack of its own twice, with `durability` process and power, and prints accepted
events/s and latencies of producers beside each other, then what a sync of the acknowledged count
takes on this disk. No time is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bench import http_load
from bench.running_stack import on_own_stack, print_machine
from bench.setting import Setting
from services.shared.acknowledged import SYNC_EVERY, AcknowledgedCounter
from tests.own_stack import OwnStack

LOADS = ((1, 1), (1, 50), (100, 10))
"""(events of a body, connections)."""
SYNCS = 200
HEAD = (
    "| durability | events of a body | connections | accepted/s | p50 ms | p99 ms |\n"
    "|---|---:|---:|---:|---:|---:|"
)


async def _rows(setting: Setting, durability: str) -> None:
    urls = [f"http://{address}/input" for address in setting.ports("producer-http", "http")]
    for size, connections in LOADS:
        await http_load.drive(urls, size, connections, 1.0)
        found = await http_load.drive(urls, size, connections, setting.seconds)
        print(
            f"| {durability} | {size} | {connections} | {found.rate:,.0f} "
            f"| {found.percentile(0.5):.1f} | {found.percentile(0.99):.1f} |",
            flush=True,
        )


def _sync_cost() -> str:
    """Wall and CPU time of a sync, on the disk of the temporary folder."""
    with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as folder:
        acknowledged = AcknowledgedCounter(Path(folder), "bench")
        begun, cpu = time.perf_counter(), time.process_time()
        for _ in range(SYNCS):
            acknowledged.add(1)
            acknowledged.sync()
        wall = (time.perf_counter() - begun) / SYNCS
        used = (time.process_time() - cpu) / SYNCS
        acknowledged.close()
    share = used / SYNC_EVERY
    return (
        f"sync of the acknowledged count: {wall * 1e3:.2f} ms, {used * 1e6:.0f} us of CPU; "
        f"at most one in {SYNC_EVERY:g} s, {share:.3%} of a core"
    )


def main() -> int:
    """Measures both; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.durability", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="load of each row")
    args = parser.parse_args()
    print_machine()
    print(f"\n{HEAD}")
    for durability in ("process", "power"):

        def measure(stack: OwnStack, durability: str = durability) -> None:
            setting = Setting(stack, stack.endpoints(), args.seconds, 1, 0)
            asyncio.run(_rows(setting, durability))

        code = on_own_stack(measure, {"CONTROLROOM_DURABILITY": durability})
        if code:
            return code
    print(f"\n{_sync_cost()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
