"""Large messages wait for one another, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, cast

import grpc
import pytest

from scenarios.bodies import Stream
from scenarios.events import EventCodec
from scenarios.loading import load
from services.pb import controlroom_pb2 as pb
from services.producer_grpc import large
from services.producer_grpc.calls import Calls
from services.producer_grpc.ingest import Ingest
from services.producer_grpc.large import AT_ONCE, LARGE, LargeMessages, NoMessageError
from services.queues.port import Unavailable
from services.shared import ingest_app
from services.shared.golden import Traffic
from services.shared.inflight import InFlight
from services.shared.intake import Intake
from services.shared.limits import Limits
from services.shared.turn import breathing
from tests.ports import free_port
from tests.producers.test_http import GOOD
from tests.producers.test_in_flight import app_of, post
from tests.producers.test_properties import _Kept
from tests.waiting import until

BIG = bytes(LARGE + 1)
SCENARIO = load("bands")
VOTE = pb.Event(
    fields={
        name: pb.Value(text=value) if isinstance(value, str) else pb.Value(number=value)
        for name, value in GOOD["bands"].items()
    }
)


class Client:
    """One connection, and what it has sent."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent: asyncio.Queue[bytes] = asyncio.Queue()
        self.asked = 0

    def peer(self) -> str:
        """As gRPC calls it."""
        return self.name

    async def read(self) -> bytes:
        """The next message."""
        self.asked += 1
        return await self.sent.get()


async def known(messages: LargeMessages, name: str, all_: InFlight) -> Client:
    """A client whose last message was large."""
    client = Client(name)
    client.sent.put_nowait(BIG)
    with all_.charge() as charge:
        async with messages.message(client, charge):
            pass
    return client


async def working(
    messages: LargeMessages, client: Client, all_: InFlight, end: asyncio.Event
) -> int:
    """Works at the client's next message until `end`; its size."""
    with all_.charge() as charge:
        async with messages.message(client, charge) as raw:
            await end.wait()
            return len(raw)


async def test_a_client_of_large_messages_is_read_when_its_turn_comes() -> None:
    messages, all_, end = LargeMessages(), InFlight(10 << 20), asyncio.Event()
    clients = [await known(messages, f"large-{n}", all_) for n in range(AT_ONCE + 2)]
    for client in clients:
        client.sent.put_nowait(BIG)
    tasks = [asyncio.create_task(working(messages, each, all_, end)) for each in clients]
    await until(lambda: all_.held == AT_ONCE * len(BIG), "some are worked at")
    assert [each.asked for each in clients] == [2] * AT_ONCE + [1, 1]
    # whoever sends short ones is read at once, and so is who has never sent anything
    short = Client("short")
    short.sent.put_nowait(b"x")
    with all_.charge() as charge:
        async with messages.message(short, charge) as raw:
            assert raw == b"x"
    # a large one that nobody could foresee is read, and waits
    fresh = Client("fresh")
    fresh.sent.put_nowait(BIG)
    tasks.append(asyncio.create_task(working(messages, fresh, all_, end)))
    await until(lambda: all_.held == (AT_ONCE + 1) * len(BIG), "it is read")
    end.set()
    assert await asyncio.gather(*tasks) == [len(BIG)] * (AT_ONCE + 3)
    assert all_.held == 0


async def test_a_client_that_sends_slowly_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "_SLOW", 0.01)
    messages, all_, end = LargeMessages(), InFlight(10 << 20), asyncio.Event()
    slow = [await known(messages, f"slow-{n}", all_) for n in range(AT_ONCE)]
    other = await known(messages, "other", all_)
    other.sent.put_nowait(BIG)
    end.set()
    waiting = [asyncio.create_task(working(messages, each, all_, end)) for each in slow]
    await until(lambda: all(each.asked == 2 for each in slow), "they have their turns")
    assert await working(messages, other, all_, end) == len(BIG)
    for each in slow:
        each.sent.put_nowait(BIG)
    assert await asyncio.gather(*waiting) == [len(BIG)] * AT_ONCE


async def test_who_waits_for_too_long_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "_PATIENCE", 0.01)
    messages, all_, end = LargeMessages(), InFlight(10 << 20), asyncio.Event()
    clients = [await known(messages, f"large-{n}", all_) for n in range(AT_ONCE + 1)]
    for each in clients:
        each.sent.put_nowait(BIG)
    tasks = [asyncio.create_task(working(messages, each, all_, end)) for each in clients[:-1]]
    await until(lambda: all_.held == AT_ONCE * len(BIG), "the turns are taken")
    with pytest.raises(Unavailable) as raised:
        await working(messages, clients[-1], all_, end)
    assert raised.value.problem.code == "too_many_bytes"
    assert clients[-1].asked == 1
    # whoever gives up leaves no turn behind
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    end.set()
    clients[-1].sent.put_nowait(BIG)
    monkeypatch.setattr(large, "_PATIENCE", 30)
    assert await working(messages, clients[-1], all_, end) == len(BIG)
    assert all_.held == 0


async def test_after_a_large_message_that_was_refused_the_next_one_is_read_later() -> None:
    messages, all_ = LargeMessages(), InFlight(10 << 20)
    client = await known(messages, "large", all_)
    began = time.perf_counter()
    for _ in range(2 * AT_ONCE):
        client.sent.put_nowait(BIG)
        with pytest.raises(NoMessageError), all_.charge() as charge:
            async with messages.message(client, charge):
                raise NoMessageError
    assert time.perf_counter() - began >= large._REST
    assert all_.held == 0


class Held(_Kept):
    """A queue that takes large requests when it is let, and short ones at once."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()
        self.free.set()

    async def publish(self, topic: str, entries: Any, partition_slot: Any = None) -> None:
        """Keep the records."""
        if len(entries) > 1:
            await self.free.wait()
        await super().publish(topic, entries)


@asynccontextmanager
async def served(queue: Held, limits: Limits) -> AsyncIterator[str]:
    """The address of our typed service before that queue."""
    intake = Intake(EventCodec(SCENARIO), cast(Any, queue), cast(Any, queue), "test")
    calls = Calls(Traffic({}), InFlight(limits.max_bytes_in_flight))
    server = grpc.aio.server(handlers=[Ingest(intake, limits).handler(calls)])
    address = f"127.0.0.1:{free_port()}"
    server.add_insecure_port(address)
    await server.start()
    try:
        yield address
    finally:
        await server.stop(None)


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Callable[[str, bytes], Awaitable[bytes]]]:
    """Calls by a connection of its own."""
    options = (("grpc.use_local_subchannel_pool", 1),)
    async with grpc.aio.insecure_channel(address, options) as channel:

        async def call(method: str, raw: bytes) -> bytes:
            path = f"/controlroom.v1.Ingest/{method}"
            found: bytes = await channel.unary_unary(path, bytes, bytes)(raw, timeout=30)
            return found

        yield call


async def test_large_batches_wait_and_are_not_refused_and_events_go_past_them() -> None:
    batch = pb.Batch(events=[VOTE] * 1_000).SerializeToString()
    assert len(batch) > LARGE
    queue = Held()
    async with (
        served(queue, Limits(max_bytes_in_flight=(AT_ONCE + 1) * len(batch))) as address,
        connected(address) as one,
        connected(address) as two,
        connected(address) as three,
        connected(address) as four,
        connected(address) as five,
        connected(address) as other,
    ):
        clients = (one, two, three, four, five)
        for each in clients:
            await each("SendBatch", batch)
        queue.free.clear()
        asked = [asyncio.ensure_future(each("SendBatch", batch)) for each in clients]
        assert pb.Receipt.FromString(await other("Send", VOTE.SerializeToString())).accepted == 1
        queue.free.set()
        told = [pb.Receipt.FromString(raw) for raw in await asyncio.gather(*asked)]
    assert [receipt.accepted for receipt in told] == [1_000] * len(clients)


async def test_a_call_that_ends_without_a_message_is_told() -> None:
    async with (
        served(Held(), Limits()) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        call = channel.stream_unary("/controlroom.v1.Ingest/Send", bytes, bytes)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(iter(()))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


class Slow(Stream):
    """Records whose decoding takes a while."""

    def __init__(self) -> None:
        self.rounds: list[int] = []
        self.now = 0

    def slices(self) -> Iterator[list[Any]]:
        """Pieces of one record."""
        for _ in range(4):
            self.rounds.append(self.now)
            ends = time.perf_counter() + 0.005
            while time.perf_counter() < ends:
                pass
            yield [{}]


async def test_a_short_request_is_through_between_two_pieces_of_a_long_one() -> None:
    records = Slow()

    async def others() -> None:
        while True:
            await asyncio.sleep(0)
            records.now += 1

    beside = asyncio.create_task(others())
    assert [len(part) async for part in breathing(records)] == [1] * 4
    beside.cancel()
    steps = [after - before for before, after in pairwise(records.rounds)]
    assert min(steps) >= 6, records.rounds


async def test_a_body_for_which_there_is_no_room_is_read_on_slowly() -> None:
    app = app_of(_Kept(), Limits(max_bytes_in_flight=100_000))
    began = time.perf_counter()
    parts = [b"x" * 50_000] * 12
    assert (await post(app, *parts))[0] == 503
    assert time.perf_counter() - began >= 9 * ingest_app._SLOWLY
