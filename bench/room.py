"""What the room costs: start-up, CPU, bytes to the terminal, key to answer, under a stream.

`python -m bench.room [--rate 1000] [--seconds 10] [--beside | --minutes 60]` brings up a stack of
its own and prints what stack and room cost while nothing happens (lnav and htop beside them, where
they are installed); then it sends `rate` events a second through the ingress and prints the same of
a busy room. With `--beside` it prints instead the room beside lnav, tl (toolong), htop and btop at
0, 300 and 5,000 lines a second and three sizes; with `--minutes` the memory of a room that stays
open for so long. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.room_idle import print_imports, print_stack, print_steady, steady
from bench.room_memory import print_memory
from bench.room_peers import print_beside
from bench.running_stack import print_machine
from tests.own_stack import OwnStack
from tests.terminal import Terminal

KEYS = "\t"


def seen_after(terminal: Terminal, since: float, pattern: bytes, timeout: float) -> float | None:
    """When the first chunk after `since` held the pattern, in perf_counter seconds."""
    deadline = time.perf_counter() + timeout
    while time.perf_counter() < deadline:
        for at, data in list(terminal.chunks):
            if at >= since and re.search(pattern, data):
                return at
        time.sleep(0.001)
    return None


def key_latencies(terminal: Terminal, count: int) -> list[float]:
    """Milliseconds from each key to the marker that exactly this key causes."""
    answers = []
    for number in range(1, count + 1):
        since = time.perf_counter()
        terminal.send(KEYS)
        at = seen_after(terminal, since, b"K:%04d" % number, 2.0)
        if at is not None:
            answers.append((at - since) * 1e3)
        time.sleep(0.12)
    return answers


def measure(stack: OwnStack, label: str, columns: int, rows: int, seconds: float) -> str:
    """One row of the table for one terminal size."""
    argv = [sys.executable, "-m", "controlroom", "launch", "--no-sample-load"]
    env = {**stack.env, "CONTROLROOM_PROBE": "1"}
    with Terminal(argv, env, columns, rows) as terminal:
        terminal.until("READY", 30)
        ready = time.perf_counter() - terminal.started
        first = (terminal.first_byte or terminal.started) - terminal.started
        time.sleep(1.0)  # the opening burst is not what a steady room costs
        cpu, rate = steady(terminal, seconds)
        keys = key_latencies(terminal, 40)
    worst = statistics.quantiles(keys, n=100)[98] if len(keys) > 1 else float("nan")
    middle = statistics.median(keys) if keys else float("nan")
    return (
        f"| {label:18} | {first * 1e3:13.0f} | {ready * 1e3:8.0f} | {cpu:5.1f} | {rate:5.1f} "
        f"| {middle:10.1f} | {worst:10.1f} | {40 - len(keys):4} |"
    )


def idle(stack: OwnStack, seconds: float) -> None:
    """Everything about a stack that holds a few events and has nothing to do."""
    stack.run("run", "-n", "500", "--timeout", "60s", timeout=120)
    env = {**stack.env, "CONTROLROOM_PROBE": "1"}
    time.sleep(5.0)
    print_stack(stack, max(seconds, 30.0))
    print_imports(env)
    print_steady(env, seconds, stack.state)
    print()


def main() -> None:
    """Brings a stack up, keeps a stream going, measures the room beside it."""
    parser = argparse.ArgumentParser(prog="python -m bench.room", description=__doc__)
    parser.add_argument("--rate", type=int, default=1000, help="events a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="steady time of each row")
    parser.add_argument("--beside", action="store_true", help="instead: beside other programs")
    parser.add_argument("--minutes", type=int, default=0, help="instead: memory over that time")
    args = parser.parse_args()
    # as a newcomer has it: what was compiled once is not compiled at each start
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as folder:
        stack = OwnStack(Path(folder))
        try:
            stack.run("up", "--scenario", "bands", timeout=600)
            print_machine()
            if args.beside:
                print_beside(stack, args.seconds)
                return
            if args.minutes:
                print_memory(stack, args.rate, args.minutes)
                return
            idle(stack, args.seconds)
            print(
                "| terminal           | first byte ms | ready ms | CPU % |  KB/s "
                "| key p50 ms | key p99 ms | lost |\n|---|---:|---:|---:|---:|---:|---:|---:|"
            )
            stack.run(
                *(
                    "run",
                    "--rate",
                    str(args.rate),
                    "--concurrence",
                    "8",
                    "--timeout",
                    "5m",
                    "--detach",
                )
            )
            for label, columns, rows in (
                ("80x24", 80, 24),
                ("120x40", 120, 40),
                ("200x60", 200, 60),
            ):
                print(measure(stack, label, columns, rows, args.seconds), flush=True)
            stack.run("run", "stop", "--all", check=False)
        finally:
            stack.run("down")


if __name__ == "__main__":
    main()
