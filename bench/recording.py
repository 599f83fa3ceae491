"""Latencies of a real stack for `bench.truth --recorded`: `python -m bench.recording FILE`.

One client posts one event after another to the ingress of a stack of its own, and the p95 of each
block is a line of FILE, in ms from sending. Nothing changes meanwhile but what the machine does by
itself, so any two blocks are of arms that do not differ.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench.bodies import http_bodies
from bench.running_stack import on_own_stack, print_machine
from tests.own_stack import OwnStack

WARM = 20
"""Blocks that are not kept."""


def record(stack: OwnStack, file: Path, seconds: float, block: float, rate: float) -> None:
    """Writes a line as soon as a block is over."""
    address = urlsplit(stack.endpoints()["ingress"]).netloc
    client = http.client.HTTPConnection(address, timeout=30)
    bodies = itertools.cycle(http_bodies(1))
    size, due = max(round(rate * block), 20), time.perf_counter()
    with file.open("w", buffering=1) as lines:
        for number in range(WARM + round(seconds * rate / size)):
            times = list[float]()
            for _ in range(size):
                due = max(due + 1 / rate, time.perf_counter())
                time.sleep(max(due - time.perf_counter(), 0))
                begun = time.perf_counter()
                _post(client, next(bodies))
                times.append((time.perf_counter() - begun) * 1e3)
            if number >= WARM:
                lines.write(f"{sorted(times)[size * 95 // 100]:.4f}\n")


def _post(client: http.client.HTTPConnection, body: bytes) -> None:
    client.request("POST", "/input", body, {"Content-Type": "application/json"})
    answer = client.getresponse()
    answer.read()
    if answer.status >= 300:
        raise SystemExit(f"the ingress answered {answer.status}: what follows would not be alike")


def main() -> int:
    """Records; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.recording")
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--block", type=float, default=0.5, help="seconds of a block")
    parser.add_argument("--rate", type=float, default=50, help="requests/s at most")
    args = parser.parse_args()
    print_machine()
    return on_own_stack(lambda stack: record(stack, args.file, args.seconds, args.block, args.rate))


if __name__ == "__main__":
    sys.exit(main())
