"""The loop: fetch, store documents, count behind the fence, commit.

While one batch goes into the stores the next one is fetched and prepared, never more than one.

Documents come first and have ids of their own, so writing them twice changes nothing; counters
and fence change in one step, so counting twice is refused; the commit is a hint only. Whatever
dies between two steps, the next owner begins behind the fence.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from services.consumer import metrics
from services.consumer.counting import Counting, Verdict
from services.consumer.neighbours import AbandonedError, Neighbour
from services.consumer.places import Place, Places
from services.consumer.portion import Document, Portion, Preparer
from services.shared import logline
from services.shared.lifecycle import Pulse
from wire import keys
from wire.documents import Documents

T = TypeVar("T")

BATCH = 5_000
"""Most records that are fetched at once."""
CHUNK = 1_000
"""Most documents of one insert."""
WRITERS = 4
"""Inserts under way at a time."""

_FETCH_MS = 200
_PACE = 0.03
"""Least seconds of a turn that is far from full: a turn costs the same for one record as for a
hundred, so records that trickle are gathered, for less time than a store needs to answer."""
_COMMIT_EVERY = 1.0
_LOOK_EVERY = 2.0
_HAND_OVER = 4.0
"""Seconds that a rebalance waits for the batch in hand."""

Batches = dict[TopicPartition, list[ConsumerRecord]]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Whom the loop asks."""

    kafka: Neighbour
    redis: Neighbour
    mongo: Neighbour


@dataclass(frozen=True, slots=True)
class Work:
    """A portion and where it comes from."""

    partition: TopicPartition
    place: Place
    portion: Portion


class Loop(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka ships no types
    """One member of the consumer group."""

    def __init__(
        self,
        scenario: str,
        consumer: AIOKafkaConsumer,
        places: Places,
        counting: Counting,
        documents: Documents,
        preparer: Preparer,
        neighbours: Neighbours,
        pulse: Pulse,
        stopping: asyncio.Event,
    ) -> None:
        self.topics = (keys.events_topic(scenario), keys.rejected_topic(scenario))
        self._logs = keys.logs_collection(scenario)
        self._rejected = keys.rejected_collection(scenario)
        self._consumer = consumer
        self._places = places
        self._counting = counting
        self._documents = documents
        self._preparer = preparer
        self._neighbours = neighbours
        self._pulse = pulse
        self._stopping = stopping
        self._round = 0
        self._busy = asyncio.Lock()
        self._storing: asyncio.Task[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._commits: dict[TopicPartition, int] = {}
        self._committed = time.monotonic()
        self._looked = time.monotonic()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Lets the batch in hand come to its end, for a while; the fence guards the rest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HAND_OVER), self._busy:
                await self._flush()
        self._places.clear()
        self._commits.clear()
        self._round += 1

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """The loop itself looks up the fences before it uses a record of these."""
        names = sorted(f"{tp.topic}:{tp.partition}" for tp in assigned)
        logline.info("partitions assigned", partitions=names)

    async def run(self) -> None:
        """Works until `stopping` is set; the batch in hand is finished and committed."""
        while not self._stopping.is_set():
            self._pulse.beat()
            with contextlib.suppress(AbandonedError):
                await self._turn()
        with contextlib.suppress(AbandonedError):
            await self._stored()
        await self._flush()

    async def _turn(self) -> None:
        begun = time.monotonic()
        await self._settle(self._places.unknown())
        batches: Batches = await self._ask(
            self._neighbours.kafka,
            lambda: self._consumer.getmany(timeout_ms=_FETCH_MS, max_records=BATCH),
        )
        work = await self._portions(batches)
        await self._stored()
        self._storing = asyncio.create_task(self._finish(work, idle=not batches), name="storing")
        if sum(map(len, batches.values())) < CHUNK:
            await self._stored()
            await asyncio.sleep(begun + _PACE - time.monotonic())

    async def _stored(self) -> None:
        """Returns when the batch before is done with. Raises what it raised."""
        storing, self._storing = self._storing, None
        if storing is not None:
            await storing

    async def _finish(self, work: Sequence[Work], idle: bool) -> None:
        """Brings a batch into the stores, and looks after what is due."""
        async with self._busy:
            # what was prepared before its partition was taken away or doubted is read again
            await self._handle([w for w in work if self._places.get(w.partition) is w.place])
            if time.monotonic() - self._looked > _LOOK_EVERY:
                await self._look_around(idle)
        committing = self._committing is not None and not self._committing.done()
        if time.monotonic() - self._committed > _COMMIT_EVERY and not committing:
            # nobody waits for it: the fence is what counts
            self._committing = asyncio.create_task(self._flush(), name="commit")

    async def _ask(self, neighbour: Neighbour, question: Callable[[], Awaitable[T]]) -> T:
        begun = self._round
        return await neighbour.ask(
            question, lambda: self._round != begun or self._stopping.is_set()
        )

    async def _settle(self, unknown: list[TopicPartition]) -> None:
        if unknown:
            ids = await self._topic_ids()
            await self._ask(self._neighbours.redis, lambda: self._places.settle(unknown, ids))

    async def _topic_ids(self, topics: Iterable[str] | None = None) -> dict[str, str]:
        wanted = self.topics if topics is None else topics
        return await self._ask(self._neighbours.kafka, lambda: self._places.topic_ids(wanted))

    async def _portions(self, batches: Batches) -> list[Work]:
        """What of the fetched records is to be stored, partition by partition."""
        work = []
        for partition, records in batches.items():
            place = self._places.get(partition)
            # Without a place the records were fetched before the fence was known.
            if place is not None:
                portion = await self._portion(partition, place, records)
                if portion is not None:
                    work.append(Work(partition, place, portion))
            # a big batch takes a while to decode, and the group wants its heartbeat
            await asyncio.sleep(0)
        return work

    async def _portion(
        self, partition: TopicPartition, place: Place, fetched: Sequence[ConsumerRecord]
    ) -> Portion | None:
        records = [record for record in fetched if record.offset > place.prepared]
        metrics.DROPPED.inc(len(fetched) - len(records))
        if not records:
            return None
        missing = records[-1].offset - place.prepared - len(records)
        if missing and not self._certain(partition, place):
            return None
        now = time.time_ns() // 1_000_000
        prepare = (
            self._preparer.events if partition.topic == self.topics[0] else self._preparer.refused
        )
        portion = prepare(place.tp, place.prepared, records, now)
        place.prepared = portion.last
        if missing:
            await self._explain(partition, portion, missing)
        return portion

    def _certain(self, partition: TopicPartition, place: Place) -> bool:
        """Whether a gap was seen twice; at first the records are refetched."""
        if place.doubted == place.prepared:
            return True
        place.doubted = place.prepared
        self._consumer.seek(partition, place.prepared + 1)
        return False

    async def _explain(self, partition: TopicPartition, portion: Portion, missing: int) -> None:
        """Tells offsets that never held a record from records that the broker has dropped."""
        if partition.topic != self.topics[0]:
            return
        begins = await self._ask(
            self._neighbours.kafka, lambda: self._places.beginnings(partition.topic)
        )
        begin = begins.get(partition.partition, 0)
        expired = min(max(0, begin - portion.believed - 1), missing)
        portion.totals["gaps"] = missing - expired
        if expired:
            metrics.EXPIRED.inc(expired)
            logline.error(
                "records were dropped by the broker before they were read",
                partition=f"{partition.topic}:{partition.partition}",
                records=expired,
            )

    async def _handle(self, work: Sequence[Work]) -> None:
        if not work:
            return
        topics = {w.partition.topic for w in work}
        ids, _ = await asyncio.gather(self._topic_ids(topics), self._store(work))
        current = [w for w in work if w.place.topic_id == ids[w.partition.topic]]
        if len(current) < len(work):
            logline.warning("a topic was made anew", topics=ids)
            self._places.clear()
            return
        await self._count(current)

    async def _store(self, work: Sequence[Work]) -> None:
        now = time.time_ns() // 1_000_000
        for w in work:
            w.portion.stamp(now)
        documents = [document for w in work for document in w.portion.documents]
        rejected = [document for w in work for document in w.portion.rejected]
        chunks = [
            (collection, wanted[start : start + CHUNK])
            for collection, wanted in ((self._logs, documents), (self._rejected, rejected))
            for start in range(0, len(wanted), CHUNK)
        ]
        left = iter(chunks)

        async def write() -> None:
            for collection, chunk in left:
                await self._insert(collection, chunk)

        await asyncio.gather(*(write() for _ in chunks[:WRITERS]))

    async def _insert(self, collection: str, documents: Sequence[Document]) -> None:
        await self._ask(
            self._neighbours.mongo, lambda: self._documents.insert(collection, documents)
        )

    async def _count(self, work: Sequence[Work]) -> None:
        portions = [(w.place.field, w.portion) for w in work]
        verdicts = await self._ask(self._neighbours.redis, lambda: self._counting.count(portions))
        for done, verdict in zip(work, verdicts, strict=True):
            self._judge(done, verdict)

    def _judge(self, work: Work, verdict: Verdict) -> None:
        # The fence stands at our own end where the answer to an earlier attempt got lost.
        if verdict.counted or verdict.fence == work.portion.last:
            work.place.fence = work.portion.last
            work.place.prepared = max(work.place.prepared, work.portion.last)
            self._commits[work.partition] = work.portion.last + 1
            _observe(work.portion, verdict)
            return
        metrics.REFUSED_BATCHES.inc()
        logline.warning(
            "batch refused by the fence",
            partition=f"{work.partition.topic}:{work.partition.partition}",
            believed=work.portion.believed,
            fence=verdict.fence,
        )
        self._places.forget([work.partition])

    async def _look_around(self, idle: bool) -> None:
        """Are the fences where they were left; while nothing comes: is Kafka there, is the topic
        the same, was something skipped."""
        self._looked = time.monotonic()
        displaced = await self._ask(self._neighbours.redis, self._places.displaced)
        if displaced:
            logline.warning("fences were moved by somebody else", partitions=len(displaced))
            self._places.forget(displaced)
        if not idle:
            return
        ids = await self._topic_ids()
        for partition in self._consumer.assignment():
            place = self._places.get(partition)
            if place is not None and place.topic_id != ids[partition.topic]:
                self._places.forget([partition])
            elif place is not None:
                await self._pass_over(partition, place)

    async def _pass_over(self, partition: TopicPartition, place: Place) -> None:
        """Moves the fence over offsets at the end of the log that hold no record."""
        if place.prepared != place.fence:
            return
        position = place.fence + 1
        with contextlib.suppress(TimeoutError, KafkaError):
            position = await asyncio.wait_for(self._consumer.position(partition), 0.05)
        missing = position - place.fence - 1
        if missing > 0 and self._certain(partition, place):
            portion = Portion(place.tp, place.fence, position - 1)
            await self._explain(partition, portion, missing)
            await self._count([Work(partition, place, portion)])

    async def _flush(self) -> None:
        """Commits what was counted; where that fails the fence still knows."""
        self._committed = time.monotonic()
        commits, self._commits = self._commits, {}
        if commits:
            with contextlib.suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(self._consumer.commit(commits), _HAND_OVER)


def _observe(portion: Portion, verdict: Verdict) -> None:
    metrics.QUEUE_TIME.observe(
        document["stored"] - document["at"] for document in portion.documents
    )
    for outcome, amount in portion.totals.items():
        metrics.HANDLED.labels(outcome).inc(amount)
    if verdict.failed:
        metrics.FAILED_WRITES.inc(verdict.failed)
        logline.error("tally writes refused by Redis", writes=verdict.failed)
