"""Reads the three stores with plain clients of its own; nothing of the product's books."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from pymongo import MongoClient
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from controlroom.torture.compare import Expected, Found, Gone, Member, without
from controlroom.torture.logs import Cut
from controlroom.torture.numbers import Ids, Seen
from scenarios.events import EventCodec
from scenarios.scenario import Scenario
from wire import keys
from wire.batches import unreadable_of
from wire.kafka import client_arguments
from wire.reading import open_reader

# an outage is part of the game
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

Place = tuple[int, int, str]
"""Partition, offset and id of a record."""

_PATIENCE_MS = 15_000
_ROUND_MS = 500
_LOOK = 0.05


class TortureStores:
    """The stores of one scenario, read from their beginning; of several queues what came by one."""

    def __init__(
        self, addresses: Mapping[str, str], scenario: Scenario, ids: Ids, queue: str = ""
    ) -> None:
        self._addresses = addresses
        self.scenario = scenario.name
        self._first = scenario.queue
        self._queue = queue or scenario.queue
        self._queue_of: dict[str, str] = {}
        """Log -> its queue, of those that are not of the scenario's first."""
        self.ids = ids
        self._kafka = Seen()
        self.expected = Expected(EventCodec(scenario))
        self._repeated = 0
        self._given: set[str] = set()
        self._next: dict[TopicPartition, int] = {}
        self._gone: dict[Place, Gone] = {}
        self._read_on_time: set[Place] = set()
        self.redis: Redis = _redis(addresses["redis"])
        self.mongo = self._mongo()

    def dial(self, addresses: Mapping[str, str]) -> None:
        """Other addresses, where a stack that came up again has them."""
        if addresses != self._addresses:
            self._addresses = addresses
            self.redis = _redis(addresses["redis"])
            self.mongo = self._mongo()

    def _mongo(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(self._addresses["mongo"], serverSelectionTimeoutMS=_PATIENCE_MS)

    async def close(self) -> None:
        """Lets go of the connections."""
        await self.redis.aclose()
        self.mongo.close()

    @property
    def logs(self) -> Any:
        """The collection of stored events."""
        return self.mongo[keys.DATABASE][keys.logs_collection(self.scenario)]

    @property
    def topic(self) -> str:
        """The topic of events."""
        return keys.events_topic(self.scenario)

    async def events(self) -> int:
        """Events on Kafka; reads what has come since the last time."""
        await self._read_kafka()
        return self.expected.events

    def ends(self) -> dict[TopicPartition, int]:
        """How far each partition of the topic was read."""
        return dict(self._next)

    def new_life(self) -> None:
        """The topic begins at 0 again; what was read of it before still counts."""
        self._next.clear()

    def lose(self, cut: Cut, committed: int) -> None:
        """The broker has lost the end of a partition's log, which is read here a last time.

        `committed`: how far the partition was counted.
        """
        partition = TopicPartition(self.topic, cut.partition)
        since = self._next.get(partition, 0)
        self._take(cut.partition, [r for r in cut.records if r.offset >= since])
        for record in cut.records:
            event_id = dict(record.headers).get("id", b"").decode()
            number = self.ids.number(event_id)
            if record.offset >= cut.end and number is not None:
                place = (cut.partition, record.offset, event_id)
                once = "once" in dict(record.headers)
                self._gone[place] = Gone(number, once, record.value or b"")
                if record.offset <= committed:
                    self._read_on_time.add(place)
        self._next[partition] = cut.end

    async def stored(self) -> int:
        """Documents there are."""
        return int(await asyncio.to_thread(self.logs.count_documents, {}))

    async def read(self) -> Found:
        """Everything, in full."""
        await self._read_kafka()
        await self._learn_queues()
        documents, stored = await asyncio.to_thread(self._documents, "logs")
        rejected, _ = await asyncio.to_thread(self._documents, "rejected")
        counted = await self.counted()
        unjudged = self.expected.unjudged
        found = Found(
            kafka=self._kafka,
            documents=documents,
            rejected=rejected,
            events=self.expected.events,
            repeated=self._repeated,
            stored=stored,
            tallies={place: n for place, n in counted.items() if place[0] not in unjudged},
            expected=self.expected.tallies,
            counting=self.expected.counting,
            sets=self.expected.sets,
        )
        gone = await asyncio.to_thread(self._never_read)
        return without(found, gone, self.expected.codec) if gone else found

    def _never_read(self) -> list[Gone]:
        """Of the records that were cut from the log those of which there is no document."""
        offsets = sorted({offset for _, offset, _ in self._gone})
        there: set[Place] = set()
        for name_of in (keys.logs_collection, keys.rejected_collection):
            collection = self.mongo[keys.DATABASE][name_of(self.scenario)]
            wanted = {"o": {"$in": offsets}}
            for found in collection.find(wanted, {"id": 1, "o": 1, "tp": 1}) if offsets else ():
                partition = int(found["tp"].rpartition(":")[2])
                there.add((partition, int(found["o"]), str(found["id"])))
        return [gone for place, gone in self._gone.items() if place not in there]

    async def _read_kafka(self) -> None:
        # without a group every partition is assigned, and nobody else notices
        consumer = open_reader(
            self.topic, **client_arguments(self._addresses["kafka"]), auto_offset_reset="none"
        )
        try:
            await consumer.start()
            await self._read_on(consumer)
        finally:
            await consumer.stop()

    async def _read_on(self, consumer: AIOKafkaConsumer) -> None:
        while not (partitions := consumer.assignment()):
            await asyncio.sleep(_LOOK)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, self._next.setdefault(partition, 0))
        while any(self._next[partition] < end for partition, end in ends.items()):
            for partition, records in (await consumer.getmany(timeout_ms=_ROUND_MS)).items():
                self._take(partition.partition, records)
            for partition in partitions:
                # beyond the last record: marks and what was aborted are passed over
                self._next[partition] = await consumer.position(partition)

    def _take(self, partition: int, records: list[Any]) -> None:
        for record in records:
            if unreadable_of(record) is not None:
                continue
            named = dict(record.headers)
            event_id = named.get("id", b"").decode()
            place = (partition, record.offset, event_id)
            if place in self._gone and place not in self._read_on_time:
                # sent again, and at the same place: it is there, as if nothing had happened
                del self._gone[place]
                continue
            if "once" in named and self._again(event_id):
                self._repeated += 1
            else:
                origin = named.get("origin", b"").decode() or "kafka"
                self.expected.add(record.value or b"", origin)
            number = self.ids.number(event_id)
            if number is not None:
                self._kafka.add(number)

    def _again(self, event_id: str) -> bool:
        """Whether an id was on Kafka before; what others sent is remembered by its text."""
        number = self.ids.number(event_id)
        if number is not None:
            return self._kafka[number] > 0
        known = event_id in self._given
        self._given.add(event_id)
        return known

    def _documents(self, kind: str) -> tuple[Seen, int]:
        seen, total = Seen(), 0
        logs = kind == "logs"
        name = (keys.logs_collection if logs else keys.rejected_collection)(self.scenario)
        field = "id" if logs else "value"
        # a rejected record that repeats an event is known by the event's own document
        wanted: dict[str, Any] = {} if logs else {"repeats": {"$exists": False}}
        fields = dict.fromkeys((field, "id", "tp"), 1)
        for document in self.mongo[keys.DATABASE][name].find(wanted, fields, batch_size=5_000):
            if not self._mine(document):
                continue
            total += 1
            number = self.ids.number(str(document.get(field, "")))
            if number is not None:
                seen.add(number)
        return seen, total

    async def _learn_queues(self) -> None:
        found = await self.redis.hgetall(keys.queues_key(self.scenario))
        # <group>/<topic>/<topic id>/<partition>
        self._queue_of = {
            ":".join(str(field).split("/", 2)[2].rsplit("/", 1)): str(queue)
            for field, queue in found.items()
        }

    def _mine(self, document: Mapping[str, Any]) -> bool:
        """Whether it came by this queue: by its id, where it is of this load, else by its log."""
        if self.ids.number(str(document.get("id", ""))) is not None:
            return True
        return self._queue_of.get(document["tp"], self._first) == self._queue

    async def counted(self) -> dict[Member, int]:
        """The counters as they are."""
        prefix = keys.counter_key(self.scenario, "")
        found: dict[Member, int] = {}
        async for name in self.redis.scan_iter(match=f"{_literal(prefix)}*", count=1_000):
            key = name.removeprefix(prefix)
            if keys.is_tally(key):
                found.update(await self._tally(name, key))
        return found

    async def _tally(self, name: str, key: str) -> dict[Member, int]:
        match await self.redis.type(name):
            case "hash":
                return {(key, str(m)): int(n) for m, n in (await self.redis.hgetall(name)).items()}
            case "set":
                return {(key, str(member)): 1 for member in await self.redis.smembers(name)}
            case "string":
                return {(key, ""): int(await self.redis.get(name) or 0)}
        return {}


def _redis(url: str) -> Redis:
    """A client that outlives a restart: what it asked is asked again for some seconds."""
    return Redis.from_url(url, decode_responses=True, retry=Retry(ConstantBackoff(0.5), 20))


def _literal(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "*?[]\\" else sign for sign in text)
