"""A load client for gRPC, in a process of its own; see bench.http_load."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict
from typing import Any, cast

import grpc

from bench.bodies import grpc_events
from bench.http_load import Order, Outcome
from services.pb import controlroom_pb2 as pb
from services.pb import controlroom_pb2_grpc

STREAM = 1_000
"""Events from which on a call is a stream."""


async def _call(stub: Any, events: list[pb.Event]) -> int:
    if len(events) >= STREAM:
        receipt = await stub.SendStream(iter(events))
    elif len(events) > 1:
        receipt = await stub.SendBatch(pb.Batch(events=events))
    else:
        receipt = await stub.Send(events[0])
    return int(receipt.accepted)


async def _run(order: Order) -> Outcome:
    outcome, events = Outcome(), grpc_events(order.size)
    channels = [
        grpc.aio.insecure_channel(url, options=[("grpc.use_local_subchannel_pool", 1)])
        for url in order.urls
    ]
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    started, cpu = time.perf_counter(), time.process_time()

    async def one(stub: Any) -> None:
        while (before := time.perf_counter()) < started + order.seconds:
            try:
                accepted = await _call(stub, events)
                outcome.events += accepted
                outcome.answered("OK", False)
            except grpc.aio.AioRpcError as error:
                outcome.failures += 1
                trailing: dict[str, Any] = dict(cast(Any, error.trailing_metadata() or ()))
                outcome.answered(error.code().name, "retry-after" in trailing)
            outcome.requests += 1
            outcome.latencies.append(time.perf_counter() - before)
            if order.rate:
                await asyncio.sleep(before + pause - time.perf_counter())

    pause = order.connections / order.rate if order.rate else 0.0
    stubs = [controlroom_pb2_grpc.IngestStub(channel) for channel in channels]
    await asyncio.gather(*(one(stubs[n % len(stubs)]) for n in range(order.connections)))
    outcome.seconds = time.perf_counter() - started
    outcome.client = (time.process_time() - cpu) / outcome.seconds
    for channel in channels:
        await channel.close(None)
    return outcome


async def drive(
    urls: list[str], size: int, workers: int, seconds: float, rate: float = 0.0
) -> Outcome:
    """Calls of `size` events by so many at once: unary, batches, or streams.

    `rate`: calls per second of all workers together, 0 for all they can.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.grpc_load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    order = Order(urls, size, workers, seconds, rate)
    out, _ = await child.communicate(json.dumps(asdict(order)).encode())
    return Outcome(**json.loads(out))


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(_run(Order(**json.load(sys.stdin))))), sys.stdout)
