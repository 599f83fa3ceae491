"""The relay and the remote sink against real gRPC servers of this process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest

from services.bridge.breaker import Breaker, OpenError
from services.bridge.messages import RemoteRecord
from services.bridge.relay import Relay, RetryPolicy
from services.bridge.remote import MOST, BridgeError, RawBatch, RemoteSink
from services.pb import bridge_pb2 as pb
from services.pb.bridge_pb2_grpc import BridgeServicer, BridgeStub, add_BridgeServicer_to_server
from services.queues.batch import Batch
from services.shared.busy import Busy
from services.shared.dependencies import Dependency
from services.shared.golden import Traffic
from services.shared.lifecycle import Liveness, ReadinessGate
from tests.ports import free_port

Apply = Callable[[pb.Batch, Any], Awaitable[pb.Verdict]]
REQUEST = pb.Batch(scenario="s", last=7).SerializeToString()


class RemoteSide(BridgeServicer):
    """A remote side that does what a test says."""

    def __init__(self, apply: Apply) -> None:
        self._apply = apply
        self.calls = 0

    async def Apply(self, request: pb.Batch, context: Any) -> pb.Verdict:  # noqa: N802
        self.calls += 1
        return await self._apply(request, context)


@contextlib.asynccontextmanager
async def remote_side(apply: Apply) -> AsyncIterator[tuple[RemoteSide, grpc.aio.Channel]]:
    """A server, and a channel to it."""
    server, servicer = grpc.aio.server(), RemoteSide(apply)
    add_BridgeServicer_to_server(servicer, server)
    port = server.add_insecure_port(f"127.0.0.1:{free_port()}")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield servicer, channel
    await server.stop(None)


def relay(channel: grpc.aio.Channel, policy: RetryPolicy, failures: int = 5) -> Relay:
    return Relay(channel, Breaker(failures), Traffic({}), lambda reason: None, policy)


async def test_what_may_pass_in_a_moment_is_tried_again() -> None:
    async def apply(request: pb.Batch, context: Any) -> pb.Verdict:
        if servicer.calls < 3:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return pb.Verdict(counted=True, committed=request.last)

    async with remote_side(apply) as (servicer, channel):
        answer = await relay(channel, RetryPolicy(attempts=3)).call("Apply", REQUEST, 5.0)
        assert pb.Verdict.FromString(answer) == pb.Verdict(counted=True, committed=7)
        assert servicer.calls == 3


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INTERNAL], ids=str
)
async def test_what_will_not_pass_is_tried_once(code: grpc.StatusCode) -> None:
    async def apply(request: pb.Batch, context: Any) -> pb.Verdict:
        await context.abort(code, "never")
        raise AssertionError

    async with remote_side(apply) as (servicer, channel):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await relay(channel, RetryPolicy()).call("Apply", REQUEST, 5.0)
        assert caught.value.code() is code
        assert servicer.calls == 1


async def test_an_attempt_ends_with_its_deadline_and_is_not_repeated() -> None:
    async def apply(request: pb.Batch, context: Any) -> pb.Verdict:
        await asyncio.Event().wait()
        raise AssertionError

    async with remote_side(apply) as (servicer, channel):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await relay(channel, RetryPolicy(deadline=0.2)).call("Apply", REQUEST, 30.0)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert servicer.calls == 1


async def test_an_open_breaker_calls_nobody() -> None:
    async def apply(request: pb.Batch, context: Any) -> pb.Verdict:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        raise AssertionError

    async with remote_side(apply) as (servicer, channel):
        made = relay(channel, RetryPolicy(attempts=3), failures=2)
        with pytest.raises(OpenError):
            await made.call("Apply", REQUEST, 5.0)
        assert servicer.calls == 2
        with pytest.raises(OpenError):
            await made.call("Apply", REQUEST, 5.0)
        assert servicer.calls == 2


def batch(count: int, value: bytes) -> Batch:
    records = [RemoteRecord(offset, 0, None, value, ()) for offset in range(count)]
    return Batch("s.events", "T", 0, -1, count - 1, records)


async def test_a_link_that_is_too_slow_gets_smaller_pieces() -> None:
    limit = MOST // 4
    taken: list[pb.Batch] = []

    async def apply(request: pb.Batch, context: Any) -> pb.Verdict:
        if request.ByteSize() > limit:
            await asyncio.Event().wait()
        taken.append(request)
        return pb.Verdict(counted=True, committed=request.last)

    async with remote_side(apply) as (_, channel):
        server = Dependency(ReadinessGate("bridge"), Liveness("loop", 60.0), (BridgeError,), Busy())
        stub = BridgeStub(channel)
        sink = RemoteSink("s", stub, server, deadline=0.3)
        given = batch(600, b"x" * (MOST // 500))
        (verdict,) = await sink.count([RawBatch(given)], lambda: False)
    assert verdict.counted
    assert verdict.committed == given.last
    assert len(taken) > 1
    assert [record.offset for message in taken for record in message.records] == list(range(600))
    for before, after in itertools.pairwise(taken):
        assert after.expected == before.last


async def test_a_refusal_ends_the_batch_with_the_fence_as_it_is() -> None:
    async def apply(request: pb.Batch, context: Any) -> pb.Verdict:
        return pb.Verdict(counted=False, committed=400)

    async with remote_side(apply) as (servicer, channel):
        server = Dependency(ReadinessGate("bridge"), Liveness("loop", 60.0), (BridgeError,), Busy())
        stub = BridgeStub(channel)
        given = batch(600, b"x" * (MOST // 100))
        (verdict,) = await RemoteSink("s", stub, server).count([RawBatch(given)], lambda: False)
        assert (verdict.counted, verdict.committed) == (False, 400)
        assert servicer.calls == 1
