"""How many events a second the pipeline accepts and stores, side by side in one run.

`python -m bench.spine [--seconds 5]` brings up a stack of its own, drives each door in turn
and prints one table: accepted events/s, latency, CPU per event of the door, and events/s
until stored. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
from services.pb.controlroom.v1 import ingest_pb2, ingest_pb2_grpc

from bench.cost import cpu_seconds, pids_of
from bench.http_load import Outcome, drive
from scenarios.events import EventCodec
from scenarios.loading import load
from tests.own_stack import OwnStack

BATCH = 100


@dataclass(frozen=True)
class Door:
    """One way in: who pays for it, and how it is driven for some seconds."""

    name: str
    deployment: str
    run: Callable[[float], Awaitable[Outcome]]


def http_door(name: str, url: str, deployment: str, size: int, connections: int) -> Door:
    """Events over HTTP, `size` to a body."""
    codec, rng = EventCodec(load("bands")), random.Random(7)
    bodies = [_body(codec, rng, size) for _ in range(64)]
    return Door(name, deployment, lambda s: drive(url, bodies, size, connections, s))


def _body(codec: EventCodec, rng: random.Random, size: int) -> bytes:
    events = [codec.generate(rng) for _ in range(size)]
    return json.dumps(events[0] if size == 1 else events).encode()


def _pb_event(codec: EventCodec, rng: random.Random) -> ingest_pb2.Event:
    event = ingest_pb2.Event()
    for name, value in codec.generate(rng).items():
        if isinstance(value, int):
            event.fields[name].number = value
        else:
            event.fields[name].text = value
    return event


def grpc_door(name: str, address: str, size: int, workers: int, streaming: bool = False) -> Door:
    """Events over gRPC: unary, batched or streamed."""
    codec, rng = EventCodec(load("bands")), random.Random(7)
    events = [_pb_event(codec, rng) for _ in range(max(size, 64))]

    async def run(seconds: float) -> Outcome:
        outcome = Outcome()
        started = time.perf_counter()
        async with grpc.aio.insecure_channel(address) as channel:
            stub = ingest_pb2_grpc.IngestStub(channel)

            async def one() -> None:
                while (before := time.perf_counter()) < started + seconds:
                    outcome.events += await _call(stub, events, size, streaming)
                    outcome.requests += 1
                    outcome.latencies.append(time.perf_counter() - before)

            await asyncio.gather(*(one() for _ in range(workers)))
        outcome.seconds = time.perf_counter() - started
        return outcome

    return Door(name, "producer-grpc", run)


async def _call(
    stub: ingest_pb2_grpc.IngestAsyncStub,
    events: list[ingest_pb2.Event],
    size: int,
    streaming: bool,
) -> int:
    if streaming:
        receipt = await stub.SendStream(iter(events[:size]))
        return receipt.accepted
    if size > 1:
        receipt = await stub.SendBatch(ingest_pb2.Batch(events=events[:size]))
        return receipt.accepted
    await stub.Send(events[0])
    return 1


def doors(ingress: str) -> list[Door]:
    """All ways in, cheap ones first."""
    address = ingress.removeprefix("http://").rstrip("/")
    url = ingress.rstrip("/")
    return [
        *(
            http_door(f"HTTP, 1 event, {n} connections", f"{url}/input", "producer-http", 1, n)
            for n in (10, 50, 200)
        ),
        http_door(
            f"HTTP, {BATCH} events, 10 connections", f"{url}/input", "producer-http", BATCH, 10
        ),
        http_door("HTTP to gRPC front, 1 event, 50", f"{url}/grpc", "producer-grpc", 1, 50),
        grpc_door("gRPC unary, 50 at once", address, 1, 50),
        grpc_door(f"gRPC batch of {BATCH}, 10 at once", address, BATCH, 10),
        grpc_door("gRPC stream of 1,000, 4 at once", address, 1000, 4, streaming=True),
    ]


async def measure(stack: OwnStack, door: Door, seconds: float) -> str:
    """One row: drives the door, then waits until all that it accepted is stored."""
    pids = pids_of(stack.status(), (door.deployment,))
    before = cpu_seconds(pids)
    started = time.perf_counter()
    outcome = await door.run(seconds)
    cpu = cpu_seconds(pids) - before
    while (books := await asyncio.to_thread(stack.books))["in_flight"]:
        pass
    stored = outcome.events / (time.perf_counter() - started)
    per_event = cpu / outcome.events * 1e6 if outcome.events else 0.0
    return (
        f"| {door.name:36} | {outcome.rate:10,.0f} | {outcome.percentile(0.5):7.1f} "
        f"| {outcome.percentile(0.99):7.1f} | {per_event:9.1f} | {stored:10,.0f} "
        f"| {outcome.failures:6} | {books['lost']:4} | {books['doubled']:7} |"
    )


async def table(stack: OwnStack, seconds: float) -> None:
    """Prints the head, then a row per door."""
    print(
        f"| {'door':36} | {'accepted/s':>10} | {'p50 ms':>7} | {'p99 ms':>7} "
        f"| {'CPU us/ev':>9} | {'stored/s':>10} | {'failed':>6} | lost | doubled |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for door in doors(stack.endpoints()["ingress"]):
        print(await measure(stack, door, seconds), flush=True)


def main() -> None:
    """Brings a stack up, measures, takes it down."""
    parser = argparse.ArgumentParser(prog="python -m bench.spine", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="load on each door")
    seconds: float = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as folder:
        stack = OwnStack(Path(folder))
        stack.run("up", "--scenario", "bands", timeout=600)
        try:
            asyncio.run(table(stack, seconds))
        finally:
            stack.run("down")


if __name__ == "__main__":
    main()
