"""How services publish to it and receive from it."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.queues.batch import Abandoned, Batch, Sink, reached
from services.queues.port import Entry, Queue, Unavailable
from services.shared.busy import waits_for
from services.shared.dependencies import Dependency
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings
from wire import keys

from . import channel_of

PUBLISH = """
local upto = redis.call('HINCRBY', KEYS[1], 'sent:' .. ARGV[1], ARGV[2])
local message = ARGV[1] .. ' ' .. (upto - ARGV[2]) .. ' ' .. ARGV[3]
if redis.call('PUBLISH', KEYS[1], message) > 0 then
  redis.call('HSET', KEYS[1], 'heard:' .. ARGV[1], upto)
end
"""
_WAIT = 0.2


class Message(NamedTuple):
    """One message: what was published together."""

    at: int
    """Milliseconds since the epoch."""
    entries: list[Entry]


class Record(NamedTuple):
    """One record, as the sink reads it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


class Publisher:
    """One producer, with a name of its own for each life of its process."""

    def __init__(self, redis: Redis, scenario: str) -> None:
        self.connected = asyncio.Event()
        self._scenario = scenario
        self._name = uuid.uuid4().hex
        self._publish = redis.register_script(PUBLISH)

    async def publish(self, topic: str, entries: Sequence[Entry], slot: int | None = None) -> None:
        """See services.queues.port.Publisher."""
        if not entries:
            return
        message = _encode(Message(time.time_ns() // 1_000_000, list(entries)))
        where = [channel_of(self._scenario, topic)]
        try:
            await self._publish(where, [self._name, len(entries), message])
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis did not take it: {type(error).__name__}") from error


class Receiver:
    """One subscriber. Each of several gets everything, and what one has counted is refused to the
    others."""

    def __init__(self, channel: PubSub, scenario: str, redis: Dependency) -> None:
        self._channel = channel
        self._redis = redis
        topics = (keys.events_topic(scenario), keys.rejected_topic(scenario))
        self._topics = {channel_of(scenario, topic): topic for topic in topics}
        self._group = keys.consumer_group(scenario)
        self._known: dict[tuple[str, str], int] = {}
        """Topic and producer -> committed offset."""
        self._early: list[dict[str, Any]] = []
        """What came on the one topic before the other was confirmed."""

    async def ensure(self, abandoned: Abandoned) -> None:
        """Returns when it is subscribed, so that nothing is published past it from then on."""
        await self._redis.ask(self._subscribed, abandoned)

    async def _subscribed(self) -> None:
        await self._channel.subscribe(*self._topics)
        confirmed = 0
        while confirmed < len(self._topics):
            message = await self._channel.get_message(timeout=_WAIT)
            if message is not None and message["type"] == "subscribe":
                confirmed += 1
            elif message is not None:
                self._early.append(message)

    async def consume(self, sink: Sink[Any], lifecycle: Lifecycle, liveness: Liveness) -> None:
        """What is on its way at the end is taken too."""
        abandoned = lifecycle.stopping.is_set
        for message in self._early:
            await self._take(sink, message, abandoned)
        while not lifecycle.stopping.is_set():
            liveness.beat()
            await self._take(sink, await self._redis.ask(self._next, abandoned), abandoned)
        await self._channel.unsubscribe()
        while self._channel.subscribed:
            await self._take(sink, await self._next(), abandoned)

    async def _next(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._channel.get_message(True, timeout=_WAIT)
        return found

    async def _take(
        self, sink: Sink[Any], message: dict[str, Any] | None, abandoned: Abandoned
    ) -> None:
        if message is None:
            return
        producer, first, content = message["data"].split(b" ", 2)
        at, entries = _decode(content)
        topic = self._topics[message["channel"].decode()]
        name, begin = producer.decode(), int(first)
        records = [
            Record(begin + n, at, None, value, headers)
            for n, (value, headers) in enumerate(entries)
        ]
        while records:
            expected = await self._committed(sink, topic, name, abandoned)
            records = [record for record in records if record.offset > expected]
            if records:
                await self._count(sink, topic, name, expected, records, abandoned)

    async def _count(
        self,
        sink: Sink[Any],
        topic: str,
        name: str,
        expected: int,
        records: Sequence[Record],
        abandoned: Abandoned,
    ) -> None:
        last, gaps = records[-1].offset, records[0].offset - expected - 1
        batch = Batch(topic, name, 0, expected, last, records, gaps)
        prepared = await sink.prepare(batch, abandoned)
        await sink.store([prepared], abandoned)
        (verdict,) = await sink.count([prepared], abandoned)
        self._known[topic, name] = last if reached(verdict, batch) else verdict.committed

    async def _committed(
        self, sink: Sink[Any], topic: str, producer: str, abandoned: Abandoned
    ) -> int:
        if (topic, producer) not in self._known:
            field = keys.committed_field(self._group, topic, producer, 0)
            (self._known[topic, producer],) = await sink.committed_offsets([field], abandoned)
        return self._known[topic, producer]


class Loose(Queue):
    """Both ends."""

    @contextlib.asynccontextmanager
    async def publishing(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle
    ) -> AsyncIterator[Publisher]:
        """See Queue."""
        settings.need("redis_url", settings.redis_url)
        gate = lifecycle.gate("redis")
        async with _client(settings) as redis:
            publisher = Publisher(redis, scenario)
            asked = asyncio.create_task(_answered(redis, publisher.connected))
            asked.add_done_callback(lambda _: gate.open())
            try:
                yield publisher
            finally:
                asked.cancel()

    @contextlib.asynccontextmanager
    async def receiving(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle, liveness: Liveness
    ) -> AsyncIterator[Receiver]:
        """See Queue."""
        settings.need("redis_url", settings.redis_url)
        gate, busy = lifecycle.gate("loose"), waits_for("redis")
        near = Dependency(gate, liveness, (RedisError, OSError), busy)
        async with _client(settings) as redis, redis.pubsub() as channel:
            yield Receiver(channel, scenario, near)


async def _answered(redis: Redis, connected: asyncio.Event) -> None:
    while not connected.is_set():
        with contextlib.suppress(RedisError, OSError):
            await redis.ping()
            connected.set()
        await asyncio.sleep(_WAIT)


def _client(settings: Settings) -> Redis:
    """It sends nothing again by itself: at most once."""
    return Redis.from_url(
        settings.redis_url,
        username=settings.redis_username or None,
        password=settings.redis_password or None,
        socket_timeout=5,
        retry=Retry(NoBackoff(), 0),
    )


QUEUE = Loose()
