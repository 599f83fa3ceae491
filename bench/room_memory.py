"""Resident memory of a room that stays open beside a stream, and how fast it grows."""

from __future__ import annotations

import statistics
import time

import psutil

from bench.room_idle import ROOM
from tests.own_stack import OwnStack
from tests.terminal import Terminal

AIM = 120
"""MB after an hour."""
EVERY = 60.0
LONGEST = 60
"""Minutes of a load that need no other setting."""
VISITS = (("?", "\x1b"), ("E", "\x1b"), ("3", "\r", "\x1b"), ("6", "k", "G"), ("z", "z"))
"""Keys of each minute, in turn: what opens something, and what leaves it."""


def print_memory(stack: OwnStack, rate: int, minutes: int) -> None:
    """A row for each minute of a room at 120x40 that is used a little; the slope of the second
    half."""
    bounds = ("--rate", str(rate), "--timeout", f"{min(minutes + 5, LONGEST)}m")
    stack.run("run", *bounds, "--concurrence", "4", "--detach")
    env = {**stack.env, "CONTROLROOM_PROBE": "1"}
    print(f"\n{rate} events/s\n\n| minute | memory MB |\n|---:|---:|", flush=True)
    with Terminal(ROOM, env, 120, 40) as room:
        room.until("READY", 60)
        seen: list[tuple[float, float]] = []
        for minute in range(minutes + 1):
            seen.append((minute, _resident(room.pid)))
            print(f"| {minute} | {seen[-1][1]:.1f} |", flush=True)
            for key in VISITS[minute % len(VISITS)]:
                room.send(key)
                time.sleep(1.0)
            time.sleep(max(0.0, room.started + EVERY * (minute + 1) - time.perf_counter()))
    later = seen[len(seen) // 2 :]
    slope = statistics.linear_regression(*zip(*later, strict=True)).slope * 60
    print(f"\nafter {minutes} minutes {seen[-1][1]:.1f} MB (aim {AIM}); {slope:+.1f} MB an hour")
    stack.run("run", "stop", "--all", check=False)


def _resident(pid: int) -> float:
    """MB of the room and of what it has started."""
    root = psutil.Process(pid)
    return sum(one.memory_info().rss for one in (root, *root.children(recursive=True))) / 1e6
