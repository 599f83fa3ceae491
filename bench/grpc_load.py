"""A load client for gRPC, in a process of its own; see bench.http_load."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc

from bench.bodies import grpc_events
from bench.http_load import Order, Outcome, allowing, ordered, served
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


class _Bound:
    """How many events may be sent."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._sent = self._allowed = 0
        self._more = asyncio.Event()

    def allow(self, events: int) -> None:
        """So many of all so far."""
        self._allowed = events
        self._more.set()

    async def leave(self, until: float) -> bool:
        """Waits for the leave to send; whether it came in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - time.perf_counter())):
                while self._order.bounded and self._sent + self._order.size > self._allowed:
                    self._more.clear()
                    await self._more.wait()
        if time.perf_counter() >= until:
            return False
        self._sent += self._order.size
        return True


async def _run(order: Order, lines: asyncio.StreamReader) -> Outcome:
    outcome, events, bound = Outcome(), grpc_events(order.size), _Bound(order)
    channels = [
        grpc.aio.insecure_channel(url, options=[("grpc.use_local_subchannel_pool", 1)])
        for url in order.urls
    ]
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    started, cpu = time.perf_counter(), time.process_time()

    async def one(stub: Any) -> None:
        while await bound.leave(started + order.seconds):
            before = time.perf_counter()
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
    work = [one(stubs[n % len(stubs)]) for n in range(order.connections)]
    if order.bounded:
        work.append(allowing(lines, bound.allow, order.seconds))
    await asyncio.gather(*work)
    outcome.seconds = time.perf_counter() - started
    outcome.client = (time.process_time() - cpu) / outcome.seconds
    for channel in channels:
        await channel.close(None)
    return outcome


async def drive(
    urls: list[str],
    size: int,
    workers: int,
    seconds: float,
    rate: float = 0.0,
    allowed: AsyncIterator[int] | None = None,
) -> Outcome:
    """Calls of `size` events by so many at once: unary, batches, or streams.

    `rate`: calls per second of all workers together, 0 for all they can. `allowed`: see
    bench.http_load.ordered.
    """
    order = Order(urls, size, workers, seconds, rate, bounded=allowed is not None)
    return await ordered("bench.grpc_load", order, allowed)


if __name__ == "__main__":
    asyncio.run(served(_run))
