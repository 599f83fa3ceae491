"""Events/s until stored, of worlds that take turns under the same load."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from bench import http_load
from tests.own_stack import OwnStack

SIZE, CONNECTIONS = 100, 10
PATIENCE = 300.0
WARM = 2.0
"""Seconds of load that no figure holds, before the first round."""
LOOK = 0.05

World = tuple[OwnStack, tuple[str, ...]]
"""Commands, and the words that aim them at it."""


@dataclass(frozen=True)
class Round:
    """One load, from its first request to the moment at which all of it was stored."""

    accepted: float
    """Events/s while the load lasted."""
    stored: float
    """Events/s until the last one was stored."""
    p50: float
    p99: float
    """Milliseconds of a request of `SIZE` events."""
    failures: int


async def print_rates(worlds: Mapping[str, World], seconds: float, rounds: int) -> None:
    """A row for each round, then medians and their ratio."""
    print(
        f"\nthe same load through the ingress of each: HTTP, {SIZE} events a request, "
        f"{CONNECTIONS} connections, {seconds:g} s, in turns\n\n"
        "| world | round | accepted/s | until stored/s | p50 ms | p99 ms | failed |\n"
        "|---|---:|---:|---:|---:|---:|---:|"
    )
    doors = {
        name: (await asyncio.to_thread(world.run, "endpoints", "--json", *where)).json()["ingress"]
        for name, (world, where) in worlds.items()
    }
    found: dict[str, list[Round]] = {name: [] for name in worlds}
    for door in doors.values():
        await measured(door, WARM)
    for number in range(1, rounds + 1):
        for name, door in doors.items():
            one = await measured(door, seconds)
            found[name].append(one)
            print(
                f"| {name} | {number} | {one.accepted:,.0f} | {one.stored:,.0f} "
                f"| {one.p50:.1f} | {one.p99:.1f} | {one.failures} |",
                flush=True,
            )
    medians = {n: statistics.median(one.stored for one in found[n]) for n in found}
    told = ", ".join(f"{name} {median:,.0f}" for name, median in medians.items())
    first, last = medians.values()
    print(f"\nuntil stored/s, medians: {told}; ratio {first / last:.2f}")


async def measured(door: str, seconds: float) -> Round:
    """One load on an ingress."""
    async with httpx.AsyncClient(base_url=door, timeout=30, trust_env=False) as client:
        before = await total(client)
        began = time.perf_counter()
        load = await http_load.drive([f"{door}/input"], SIZE, CONNECTIONS, seconds)
        async with asyncio.timeout(PATIENCE):
            while await total(client) < before + load.events:
                await asyncio.sleep(LOOK)
        stored = load.events / (time.perf_counter() - began)
    return Round(load.rate, stored, load.percentile(0.5), load.percentile(0.99), load.failures)


async def total(client: httpx.AsyncClient) -> int:
    """Events that are stored and counted, by the reader; 0 before it has answered."""
    answer = await client.get("/live")
    return int(answer.json()["total"]) if answer.status_code == 200 else 0
