"""One worker: `worker.py cpu PER_CENT SECONDS` or `worker.py memory BYTES SECONDS`.

It says `ready` once it has what it was asked for, and ends by itself after SECONDS.
"""

from __future__ import annotations

import resource
import signal
import sys
import time

TURN = 0.1
"""Seconds in which a share of a core is kept."""
PAGE = 4096
SPARE = 64 << 20
"""Bytes of address space for the interpreter, beside what it holds."""


def burn(per_cent: float) -> None:
    """Uses that share of one core."""
    while True:
        began = time.perf_counter()
        while time.perf_counter() - began < TURN * per_cent / 100:
            pass
        rest = TURN - (time.perf_counter() - began)
        if rest > 0:
            time.sleep(rest)


def hold(size: int) -> None:
    """Holds so many bytes and touches each page again and again, so that none is given back."""
    memory = bytearray(size)
    for at in range(0, size, PAGE):
        memory[at] = 1
    _ready()
    while True:
        time.sleep(1.0)
        for at in range(0, size, PAGE):
            memory[at] ^= 1


def _ready() -> None:
    print("ready", flush=True)


def main(arguments: list[str]) -> None:
    """Does the one or the other until the alarm ends it."""
    what, amount, seconds = arguments[0], int(arguments[1]), float(arguments[2])
    signal.setitimer(signal.ITIMER_REAL, max(0.001, seconds))
    bound = (amount if what == "memory" else 0) + SPARE
    resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))
    if what == "memory":
        hold(amount)
    _ready()
    burn(amount)


if __name__ == "__main__":
    main(sys.argv[1:])
