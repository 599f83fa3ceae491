"""The loop: fetch, hand over to be stored and counted behind the committed offset, commit.

While one batch is counted the documents of the next one are written, and the one after it is
fetched and prepared; never more. They are counted in the order in which they were fetched.

Documents come first and have ids of their own, so writing them twice changes nothing; counters and
committed offset change in one step, so counting twice is refused; the commit is a hint only.
Whatever dies between two steps, the next owner begins behind the committed offset.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from services.queues.batch import (
    Abandoned,
    Batch,
    Prepared,
    Record,
    Sink,
    Verdict,
    offsets_of,
    reached,
)
from services.queues.kafka import metrics
from services.queues.kafka.held import HeldBack
from services.queues.kafka.patience import Patience
from services.queues.kafka.positions import Position, Positions
from services.queues.kafka.refused import Refused
from services.queues.kafka.tails import DoubtError
from services.shared import logline
from services.shared.dependencies import AbandonedError, Dependency
from services.shared.lifecycle import Liveness
from wire import keys
from wire.batches import unreadable_of
from wire.ending import end
from wire.lives import Part, Stand
from wire.metadata import Topic

T = TypeVar("T")

BATCH = 4_000
"""Most records that are fetched at once; as many as the writers of documents take in one go."""
FULL = 1_000
"""Records from which on a turn is not held back."""

_AT_ONCE = 2
"""Batches on their way into the stores."""
_FETCH_MS, _QUIET_FETCH_MS = 200, 1_000
"""Longest wait of a turn for records, and while none come; it ends with the first one."""
_PACE = 0.03
"""Least seconds of a turn that is far from full: a turn costs the same for one record as for a
hundred, so records that trickle are gathered, for less time than a store needs to answer."""
_COMMIT_EVERY = 1.0
_LOOK_EVERY = 2.0
_HAND_OVER = 4.0
"""Seconds that a rebalance waits for the batch in hand."""

Fetched = dict[TopicPartition, list[ConsumerRecord]]


@dataclass(frozen=True, slots=True)
class Work:
    """A batch and where it comes from."""

    partition: TopicPartition
    position: Position
    prepared: Prepared

    @property
    def batch(self) -> Batch:
        """The batch itself."""
        return self.prepared.batch


class Loop(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka ships no types
    """One member of the consumer group."""

    def __init__(
        self,
        scenario: str,
        consumer: AIOKafkaConsumer,
        positions: Positions,
        sink: Sink[Any],
        kafka: Dependency,
        liveness: Liveness,
        stopping: asyncio.Event,
        refused: Refused,
        most: int = BATCH,
    ) -> None:
        self.topics = (keys.events_topic(scenario), keys.rejected_topic(scenario))
        self._consumer = consumer
        self._patience = Patience(consumer)
        self._positions = positions
        self._sink = sink
        self._kafka = kafka
        self._most = most
        self._liveness = liveness
        self._stopping = stopping
        self._held = HeldBack(consumer)
        self._refused = refused
        self._round = 0
        self._busy = asyncio.Lock()
        self._finishing: deque[asyncio.Task[None]] = deque()
        self._committing: asyncio.Task[None] | None = None
        self._commits: dict[TopicPartition, int] = {}
        self._committed = time.monotonic()
        self._looked = time.monotonic()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Lets the batch in hand come to its end, for a while; the committed offset guards the
        rest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HAND_OVER), self._busy:
                await self._flush()
        self._positions.clear()
        self._commits.clear()
        self._round += 1

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """The loop itself looks up the committed offsets before it uses a record of these."""
        names = sorted(f"{tp.topic}:{tp.partition}" for tp in assigned)
        logline.info("partitions assigned", partitions=names)

    async def run(self) -> None:
        """Works until `stopping` is set; the batch in hand is finished and committed."""
        while not self._stopping.is_set():
            self._liveness.beat()
            with contextlib.suppress(AbandonedError):
                await self._turn()
        with contextlib.suppress(AbandonedError):
            await self._finished(0)
        await self._flush()

    async def _turn(self) -> None:
        begun = time.monotonic()
        await self._settle(self._positions.unknown())
        fetched = await self._ask(self._fetched)
        self._patience.note(bool(fetched))
        work = await self._work(fetched) if await self._same_topics(fetched) else []
        await self._finished(_AT_ONCE - 1)
        before = self._finishing[-1] if self._finishing else None
        finish = self._finish(work, before, idle=not fetched)
        self._finishing.append(asyncio.create_task(finish, name="finish"))
        # its questions are to be on their way before the next records are unpacked
        await asyncio.sleep(0)
        if sum(map(len, fetched.values())) < FULL:
            await self._finished(0)
            await asyncio.sleep(begun + _PACE - time.monotonic())

    async def _fetched(self) -> Fetched:
        """The records that are there or come soon; a longer wait ends when a stop is asked for."""
        if not self._patience.quiet:
            return await self._getmany(_FETCH_MS)
        fetching = asyncio.ensure_future(self._getmany(_QUIET_FETCH_MS))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((fetching, stopping), return_when=asyncio.FIRST_COMPLETED)
            return fetching.result() if fetching.done() else {}
        finally:
            await end((fetching, stopping))

    async def _getmany(self, wait_ms: int) -> Fetched:
        found: Fetched = await self._consumer.getmany(timeout_ms=wait_ms, max_records=self._most)
        return found

    async def _finished(self, most: int) -> None:
        """Returns when at most so many batches are not done with.

        Raises AbandonedError when all are done with and one was abandoned.
        """
        while len(self._finishing) > most:
            try:
                await self._finishing[0]
            except AbandonedError:
                await asyncio.gather(*self._finishing, return_exceptions=True)
                self._finishing.clear()
                # what was prepared to follow it is read again
                self._positions.clear()
                raise
            self._finishing.popleft()

    async def _finish(
        self, work: Sequence[Work], before: asyncio.Task[None] | None, idle: bool
    ) -> None:
        """Brings a batch into the stores, after the one before, and looks after what is due."""
        ours = self._ours(work)
        if ours:
            await self._sink.store([w.prepared for w in ours], self._abandoned())
        if before is not None:
            await before
        async with self._busy:
            ours = self._ours(ours)
            if ours:
                await self._count(ours)
            if time.monotonic() - self._looked > _LOOK_EVERY:
                await self._look_around(idle)
        committing = self._committing is not None and not self._committing.done()
        if time.monotonic() - self._committed > _COMMIT_EVERY and not committing:
            # nobody waits for it: the committed offset is what counts
            self._committing = asyncio.create_task(self._flush(), name="commit")

    def _ours(self, work: Sequence[Work]) -> list[Work]:
        """What is left of it: what was prepared before its partition was taken away or doubted is
        read again."""
        return [w for w in work if self._positions.get(w.partition) is w.position]

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        return await self._kafka.ask(question, self._abandoned())

    def _abandoned(self) -> Abandoned:
        """Whether a rebalance or the end has come since now."""
        begun = self._round
        return lambda: self._round != begun or self._stopping.is_set()

    async def _settle(self, unknown: list[TopicPartition]) -> None:
        if unknown:
            topics = await self._known_topics()
            parts = [Part(tp.topic, topics[tp.topic].id, tp.partition) for tp in unknown]
            stands = await self._sink.stands(parts, self._abandoned())
            for name in topics:
                await self._settle_topic(name, [s for s in stands if s.life.topic == name])

    async def _settle_topic(self, name: str, stands: Sequence[Stand]) -> None:
        # after the committed offsets: a log that is read before them may end before what was
        # counted since
        for tail in await self._ask(lambda: self._positions.tails(name, stands)):
            stand = tail.stand
            # what is in doubt is settled at a later turn
            with contextlib.suppress(DoubtError):
                base = await self._positions.cut(tail)
                if base is not None:
                    stand = await self._sink.open(stand, base, self._abandoned())
                self._positions.settle(stand, tail.epoch)

    async def _known_topics(self, topics: Iterable[str] | None = None) -> dict[str, Topic]:
        wanted = self.topics if topics is None else topics
        return await self._ask(lambda: self._positions.topics(wanted))

    async def _same_topics(self, fetched: Fetched) -> bool:
        """Whether records that are here already came from the topics whose committed offsets we
        know.

        Partitions whose leader epoch is another are forgotten, and their records with them.
        """
        positions = self._positions.known()
        names = {partition.topic for partition in fetched}
        topics = await self._known_topics(names) if names else {}
        if all(positions[p].topic_id == topics[p.topic].id for p in fetched if p in positions):
            await self._leave(self._positions.moved(topics))
            return True
        # records of a topic that was made anew would be taken for the old one's
        logline.warning("a topic was made anew", topics={t.name: t.id for t in topics.values()})
        self._positions.clear()
        return False

    async def _leave(self, moved: list[TopicPartition]) -> None:
        """Partitions are settled anew, once what is on its way from them is counted: the broker
        may not have it any more."""
        if moved:
            await self._finished(0)
            self._positions.forget(moved)

    async def _work(self, fetched: Fetched) -> list[Work]:
        """What of the fetched records is to be stored, partition by partition."""
        work = []
        for partition, records in fetched.items():
            position = self._positions.get(partition)
            # Without a position the records were fetched before the committed offset was known.
            if position is not None:
                batch = await self._batch(partition, position, records)
                if batch is not None:
                    prepared = await self._sink.prepare(batch, self._abandoned())
                    work.append(Work(partition, position, prepared))
        return work

    async def _batch(
        self, partition: TopicPartition, position: Position, fetched: Sequence[ConsumerRecord]
    ) -> Batch | None:
        records: list[Record] = [
            unreadable_of(record) or record
            for record in fetched
            if record.offset > position.prepared
        ]
        metrics.DROPPED.inc(len(fetched) - len(records))
        if not records:
            return None
        missing = records[-1].offset - position.prepared - offsets_of(records, position.prepared)
        if missing and not self._certain(partition, position):
            return None
        expected, position.prepared = position.prepared, records[-1].offset
        return Batch(
            partition.topic,
            position.life,
            partition.partition,
            expected=expected,
            last=records[-1].offset,
            records=records,
            gaps=await self._gaps(partition, expected, missing),
            end=self._consumer.highwater(partition) or 0,
            epoch=position.epoch,
        )

    def _certain(self, partition: TopicPartition, position: Position) -> bool:
        """Whether a gap was seen twice; at first the records are refetched."""
        if position.doubted == position.prepared:
            return True
        position.doubted = position.prepared
        self._consumer.seek(partition, position.prepared + 1)
        return False

    async def _gaps(self, partition: TopicPartition, expected: int, missing: int) -> int:
        """Of missing offsets those that never held a record; the broker dropped the others."""
        if not missing or partition.topic != self.topics[0]:
            return 0
        begins = await self._ask(lambda: self._positions.beginnings(partition.topic))
        begin = begins.get(partition.partition, 0)
        expired = min(max(0, begin - expected - 1), missing)
        if expired:
            metrics.EXPIRED.inc(expired)
            logline.error(
                "records were dropped by the broker before they were read",
                partition=f"{partition.topic}:{partition.partition}",
                records=expired,
            )
        return missing - expired

    async def _count(self, work: Sequence[Work]) -> None:
        verdicts = await self._sink.count([w.prepared for w in work], self._abandoned())
        for done, verdict in zip(work, verdicts, strict=True):
            self._judge(done, verdict)

    def _judge(self, work: Work, verdict: Verdict) -> None:
        if reached(verdict, work.batch):
            work.position.committed = work.batch.last
            work.position.prepared = max(work.position.prepared, work.batch.last)
            self._commits[work.partition] = work.batch.last + 1
            return
        metrics.REFUSED_BATCHES.inc()
        logline.warning(
            "batch refused: it does not follow the committed offset",
            partition=f"{work.partition.topic}:{work.partition.partition}",
            expected=work.batch.expected,
            committed=verdict.committed,
        )
        self._positions.forget([work.partition])

    async def _look_around(self, idle: bool) -> None:
        """Are the committed offsets where they were left; while nothing comes: is Kafka there, is
        the topic the same, was something skipped."""
        self._looked = time.monotonic()
        self._held.look()
        self._refused.look()
        displaced = await self._displaced()
        if displaced:
            logline.warning(
                "committed offsets were moved by somebody else", partitions=len(displaced)
            )
            self._positions.forget(displaced)
        if not idle:
            return
        topics = await self._known_topics()
        self._positions.forget(self._positions.moved(topics))
        for partition in self._consumer.assignment():
            position = self._positions.get(partition)
            if position is not None and position.topic_id != topics[partition.topic].id:
                self._positions.forget([partition])
            elif position is not None:
                await self._pass_over(partition, position)

    async def _displaced(self) -> list[TopicPartition]:
        """Partitions whose committed offset is not where it was left: the stores may have been
        emptied or their counters made anew while nothing came to be counted."""
        positions = self._positions.known()
        fields = [position.field for position in positions.values()]
        committed_offsets = await self._sink.committed_offsets(fields, self._abandoned())
        return [
            partition
            for (partition, position), committed in zip(
                positions.items(), committed_offsets, strict=True
            )
            if committed != position.committed
        ]

    async def _pass_over(self, partition: TopicPartition, position: Position) -> None:
        """Moves the committed offset over offsets at the end of the log that hold no record."""
        if position.prepared != position.committed:
            return
        following = position.committed + 1
        with contextlib.suppress(TimeoutError, KafkaError):
            following = await asyncio.wait_for(self._consumer.position(partition), 0.05)
        missing = following - position.committed - 1
        if missing > 0 and self._certain(partition, position):
            batch = Batch(
                partition.topic,
                position.life,
                partition.partition,
                expected=position.committed,
                last=following - 1,
                gaps=await self._gaps(partition, position.committed, missing),
                end=following,
                epoch=position.epoch,
            )
            prepared = await self._sink.prepare(batch, self._abandoned())
            await self._count([Work(partition, position, prepared)])

    async def _flush(self) -> None:
        """Commits what was counted; where that fails the committed offset still knows."""
        self._committed = time.monotonic()
        commits, self._commits = self._commits, {}
        if commits:
            with contextlib.suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(self._consumer.commit(commits), _HAND_OVER)
