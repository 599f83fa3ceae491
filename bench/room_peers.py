"""The room beside other terminal programs, all on one stream: a document for each line of a log."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from bench.room_idle import ROOM, steady
from tests.own_stack import OwnStack
from tests.terminal import Terminal

RATES = (0, 300, 5_000)
"""Lines, and events, a second."""
SIZES = ((80, 24), (120, 40), (200, 60))
BATCH = 50
"""Events of one request where there are many, so that the load leaves a core."""
SETTLED = 5.0
"""Seconds after which a program has opened."""
KEEP_UP = "15m"
LINES = """
import sys, time
path, rate = sys.argv[1], int(sys.argv[2])
began, written = time.monotonic(), 0
with open(path, "a", buffering=1 << 16) as file:
    while True:
        time.sleep(0.1)
        due = int((time.monotonic() - began) * rate)
        for number in range(written, due):
            file.write(f"{time.time():.3f} INFO consumer-{number % 3} stored event {number}\\n")
        file.flush()
        written = due
"""


def print_beside(stack: OwnStack, seconds: float) -> None:
    """A row for each program, size and rate; those that are not installed are named once."""
    env = {**stack.env, "LANG": "C.UTF-8"}
    peers = (("lnav",), ("tl",), ("htop",), ("btop", "--utf-force"))
    here = [peer for peer in peers if shutil.which(peer[0])]
    missing = ", ".join(peer[0] for peer in peers if peer not in here)
    if missing:
        print(f"\nnot installed: {missing}")
    print(
        "\n| lines/s | terminal | program | CPU % | KB/s | first byte ms | memory MB |"
        "\n|---:|---|---|---:|---:|---:|---:|"
    )
    for rate in RATES:
        log = stack.state / f"lines-{rate}.log"
        log.write_text("".join(f"0 INFO consumer-0 stored event {n}\n" for n in range(1_000)))
        with _stream(stack, log, rate):
            for columns, rows in SIZES:
                shares = {}
                for argv in (ROOM, *here):
                    name = "room" if argv is ROOM else argv[0]
                    words = (*argv, str(log)) if name in ("lnav", "tl") else argv
                    figures = _measured(words, env, columns, rows, seconds)
                    shares[name] = figures[0]
                    told = " | ".join(f"{each:.1f}" for each in figures)
                    print(f"| {rate:,} | {columns}x{rows} | {name} | {told} |", flush=True)
                if shares.get("lnav"):
                    times = shares["room"] / shares["lnav"]
                    print(f"| {rate:,} | {columns}x{rows} | room / lnav | {times:.2f} | | | |")


def _measured(
    argv: Sequence[str], env: Mapping[str, str], columns: int, rows: int, seconds: float
) -> tuple[float, float, float, float]:
    """CPU in percent of a core, kB/s, milliseconds to the first byte, resident MB."""
    with Terminal(argv, env, columns, rows) as one:
        time.sleep(SETTLED)
        cpu, speed = steady(one, seconds)
        memory = psutil.Process(one.pid).memory_info().rss / 1e6
        first = (one.first_byte or one.started) - one.started
    return cpu, speed, first * 1e3, memory


@contextlib.contextmanager
def _stream(stack: OwnStack, log: Path, rate: int) -> Iterator[None]:
    """So many events a second into the pipeline, and as many lines into the file."""
    if not rate:
        yield
        return
    batch = BATCH if rate > 1_000 else 1
    load = ["--rate", str(rate // batch), "--batch", str(batch), "--concurrence", "8"]
    stack.run("run", *load, "--timeout", KEEP_UP, "--detach")
    writer = subprocess.Popen([sys.executable, "-c", LINES, str(log), str(rate)])
    try:
        yield
    finally:
        writer.kill()
        writer.wait()
        stack.run("run", "stop", "--all", check=False)
