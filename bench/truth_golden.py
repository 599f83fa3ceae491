"""Golden metrics beside the count of a client that sends, counts and times its requests by itself.

Half of them meet the error injector, so that the status says which deployment answered; the way of
the others to Kafka is delayed, so that the least that they can take is known too.
"""

from __future__ import annotations

import asyncio
import math
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from bench.running_stack import on_own_stack, print_machine
from controlroom.commands.here import Here
from controlroom.model.counted import Answers, Counted
from controlroom.model.golden import GoldenRow
from controlroom.model.queries import QUANTILES, TrafficRow
from controlroom.runs.golden_reader import GoldenReader
from controlroom.settings import Settings
from services.shared.golden import BUCKETS_MS
from tests.own_stack import OwnStack

GOOD, BAD = "producer-http", "error-injector"
ROWS = (TrafficRow(GOOD, "inbound"), TrafficRow(BAD, "inbound"))
SPLIT, FAULT = "http-50-faulty-50", "network-delay-producer-http-kafka"
LEAST_MS = 80.0
"""What that fault delays the way to Kafka by, at least."""
LASTS = "300s"
AT_ONCE = 8
PATIENCE = 90.0
SETTLED = 3.0
"""Seconds after the last answer in which each pod has been scraped, once a second."""
VOTE = {"name": "Caifanes", "album": "El Silencio", "year": 1992, "rank": 5}


@dataclass(frozen=True)
class Measured:
    """Both sides, over the same requests. Latencies in ms, sorted."""

    good_ms: Sequence[float]
    bad_ms: Sequence[float]
    other: int
    """Answers of another status than the two that are meant."""
    good: Answers
    bad: Answers
    rows: Sequence[GoldenRow]
    window: int

    @property
    def success(self) -> float:
        """Share of good answers, as the client has it."""
        return len(self.good_ms) / (len(self.good_ms) + len(self.bad_ms))

    @property
    def golden_success(self) -> float:
        """The same, by the rates of Prometheus."""
        rates = [row.rps or 0.0 for row in self.rows]
        return sum(r * (row.success or 0.0) for r, row in zip(rates, self.rows, strict=True)) / sum(
            rates
        )

    @property
    def golden_requests(self) -> float:
        """Rate times window: what `increase` makes of them."""
        return sum(row.rps or 0.0 for row in self.rows) * self.window

    def own(self, name: str) -> float:
        """A percentile of the good ones, as the client has it."""
        count = len(self.good_ms)
        return self.good_ms[min(count - 1, math.ceil(float(QUANTILES[name]) * count))]


def bounds(latency: float) -> tuple[float, float]:
    """The bucket that a latency lies in: above the first, not above the second."""
    place = bisect_left(BUCKETS_MS, latency)
    low = BUCKETS_MS[place - 1] if place else 0
    return low, BUCKETS_MS[place] if place < len(BUCKETS_MS) else math.inf


async def measured(stack: OwnStack, requests: int) -> Measured:
    """Sends so many requests through the ingress while a delay and a split are on."""
    url = f"{stack.endpoints()['ingress'].rstrip('/')}/input"
    stack.run("chaos", "run", FAULT, "--duration", LASTS, "--yes", "--detach")
    stack.run("split", "start", SPLIT, "--duration", LASTS, "--yes", "--detach")
    try:
        await _when(lambda: _on(stack), "the delay and the split are on")
        async with Here(Settings(state_dir=stack.state)) as here:
            reader = GoldenReader(here.target)
            try:
                return await _sent(reader, url, requests)
            finally:
                await reader.close()
    finally:
        stack.run("chaos", "stop", "--all", check=False)


async def _sent(reader: GoldenReader, url: str, requests: int) -> Measured:
    counted = Counted()
    limit = time.monotonic() + PATIENCE
    # rates know a pod from its second scrape on, and the error injector has just begun
    while BAD not in await _look(reader, counted):
        assert time.monotonic() < limit, f"{BAD} is not scraped"
        await asyncio.sleep(0.3)
    began = time.monotonic()
    sending, over = asyncio.ensure_future(_answers(url, requests)), math.inf
    # a pod that went between two looks would take its last answers with it
    while time.monotonic() < over:
        await asyncio.wait({sending}, timeout=1.0)
        await _look(reader, counted)
        if sending.done():
            over = min(over, time.monotonic() + SETTLED)
            await asyncio.sleep(0.5)
    answers = sending.result()
    window = math.ceil(time.monotonic() - began) + 3
    golden = await reader.read(window, ROWS)
    assert golden is not None, "Prometheus does not answer"
    good = sorted(ms for status, ms in answers if status == 201)
    bad = sorted(ms for status, ms in answers if status == 500)
    other = requests - len(good) - len(bad)
    return Measured(good, bad, other, counted.of(GOOD), counted.of(BAD), golden.rows, window)


async def _look(reader: GoldenReader, counted: Counted) -> set[str]:
    """Deployments of which there are counters."""
    found = await reader.counters(ROWS)
    assert found is not None, "Prometheus does not answer"
    counted.see(found)
    return {series["metric"]["deployment"] for series in found}


async def _answers(url: str, requests: int) -> list[tuple[int, float]]:
    """Status and ms of each."""
    left = iter(range(requests))
    found: list[tuple[int, float]] = []
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:

        async def some() -> None:
            for _ in left:
                began = time.perf_counter()
                answer = await client.post(url, json=VOTE)
                found.append((answer.status_code, (time.perf_counter() - began) * 1000))

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return found


def _on(stack: OwnStack) -> bool:
    held = stack.run("chaos", "status", "--json").json()
    return {one["name"] for one in held if one["phase"] == "running"} == {SPLIT, FAULT}


async def _when(holds: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < limit, f"not in time: {what}"
        await asyncio.sleep(0.3)


def golden_on_engines(requests: int = 400) -> int:
    """Prints both sides; the exit code."""
    print_machine()
    return on_own_stack(lambda stack: print_golden(asyncio.run(measured(stack, requests))))


def print_golden(one: Measured) -> None:
    """The table of docs/truth.md."""
    sent = len(one.good_ms) + len(one.bad_ms) + one.other
    rows = [
        ("requests, by counters", str(one.good.total + one.bad.total), str(sent)),
        ("of them failed", str(one.good.bad + one.bad.bad), str(len(one.bad_ms))),
        (
            f"requests, by rates over {one.window} s",
            f"{one.golden_requests:.1f}",
            str(sent),
        ),
        ("success, by rates", f"{one.golden_success:.2%}", f"{one.success:.2%}"),
    ]
    (row, _) = one.rows
    for name in QUANTILES:
        low, high = bounds(getattr(row, name))
        rows.append(
            (
                f"{name} of the delayed",
                f"{getattr(row, name):.1f} ms, in {low:g} to {high:g}",
                f"{one.own(name):.1f} ms",
            )
        )
    print("\n| figure | Prometheus says | the client counted |\n|---|---:|---:|")
    for cells in rows:
        print(f"| {' | '.join(cells)} |", flush=True)
