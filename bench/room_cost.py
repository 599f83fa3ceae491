"""What an open room asks of an API server."""

from __future__ import annotations

import os
import sys
import time

from bench.api_server import Reading, cores, rates, read
from tests.own_lab import OwnLab
from tests.terminal import Terminal

OPENING = 240.0
"""Seconds; a busy machine needs most of a minute to import what the room needs."""
LEAST = 0.05
"""Requests/s by which a row has to differ to be printed."""


def print_room(lab: OwnLab, context: str, seconds: float) -> None:
    """Requests by verb and resource, open watches and CPU, without the room and with it."""
    idle = _over(lab, context, seconds)
    before = read(lab, context)
    argv = [sys.executable, "-m", "controlroom", "launch", "--read-only", "--context", context]
    env = {**os.environ, **lab.env, "CONTROLROOM_PROBE": "1"}
    with Terminal(argv, env, 120, 40) as room:
        room.until("READY", OPENING)
        opened = read(lab, context)
        steady = _over(lab, context, seconds)
        room.send("q")
        room.ended(30)
    asked = sum((opened.requests - before.requests).values())
    took = opened.at - before.at
    print(f"\nopening the room: {asked} requests in {took:.1f} s, all that others ask included")
    print(f"\nsteady, over {seconds:g} s each, API server of {context}\n")
    _table(idle, steady)


def _over(lab: OwnLab, context: str, seconds: float) -> tuple[Reading, Reading]:
    """Readings so many seconds apart."""
    first = read(lab, context)
    time.sleep(seconds)
    return first, read(lab, context)


def _table(idle: tuple[Reading, Reading], steady: tuple[Reading, Reading]) -> None:
    without, with_room = rates(*idle), rates(*steady)
    print("| | without the room | with it | difference |\n|---|---:|---:|---:|")
    one, other = sum(without.values()), sum(with_room.values())
    print(f"| requests/s, all | {one:.2f} | {other:.2f} | {other - one:+.2f} |")
    more = {
        asked: with_room.get(asked, 0.0) - without.get(asked, 0.0)
        for asked in without.keys() | with_room.keys()
    }
    for asked in sorted(more, key=lambda each: (-more[each], each)):
        if abs(more[asked]) >= LEAST:
            figures = f"{without.get(asked, 0.0):.2f} | {with_room.get(asked, 0.0):.2f}"
            print(f"| requests/s, {' '.join(asked)} | {figures} | {more[asked]:+.2f} |")
    _watches(idle[1], steady[1])
    one, other = cores(*idle) * 1e3, cores(*steady) * 1e3
    print(f"| CPU, thousandths of a core | {one:.0f} | {other:.0f} | {other - one:+.0f} |")


def _watches(idle: Reading, steady: Reading) -> None:
    for asked in sorted(idle.watches.keys() | steady.watches.keys()):
        one, other = idle.watches[asked], steady.watches[asked]
        if one != other:
            print(f"| open, {' '.join(asked)} | {one} | {other} | {other - one:+d} |")
