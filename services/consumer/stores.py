"""The stores of a scenario as a sink: documents first, then counters behind the committed
offset."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from scenarios.scenario import Scenario
from services.consumer import metrics
from services.consumer.auditing import Auditing
from services.consumer.counting import Counting
from services.consumer.dedup_window import DedupWindow
from services.consumer.dedup_windows import DedupWindows, OpenDedupWindows
from services.consumer.guarded import GuardedDocuments
from services.consumer.left import Left
from services.consumer.lost import Lost
from services.consumer.prepared import PreparedBatch, Preparer, WindowNeededError
from services.consumer.retention import Retention
from services.consumer.writer import Writer
from services.queues.batch import Abandoned, Batch, Verdict, reached
from services.queues.registry import side
from services.shared import logline
from services.shared.beside import run_beside
from services.shared.busy import waits_for
from services.shared.dedup import Dedup
from services.shared.dependencies import Dependency
from services.shared.golden import outbound
from services.shared.lifecycle import Liveness, ReadinessGate
from services.shared.settings import Settings
from wire import keys
from wire.documents import Documents, DocumentsError
from wire.ending import end
from wire.lives import Lives, Part, Stand, lives_before, present
from wire.queues.registry import queue_kind
from wire.ranges import Range
from wire.stores import redis_client
from wire.tops import MOST_MEMBERS

SLICE = 250
"""Records that are decoded in one go; some milliseconds."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch and what the stores are told of it."""

    batch: Batch
    prepared: PreparedBatch
    field: str
    """Its field of the committed offset."""


class Stores:
    """Redis and the document store of one scenario, each asked as its dependency is asked."""

    def __init__(
        self,
        scenario: Scenario,
        redis: Redis,
        documents: Documents,
        near_redis: Dependency,
        near_mongo: Dependency,
        bounds: Dedup,
        most: int = MOST_MEMBERS,
        side: str = "",
        lost: Lost | None = None,
    ) -> None:
        """`side`: of the queue that they come by, as `Scenario.side` has it; `lost`: where that
        queue may lose."""
        self.redis = redis
        self._scenario = scenario.name
        self._group = keys.consumer_group(scenario.name)
        self._events = keys.events_topic(scenario.name)
        self._logs = keys.logs_collection(scenario.name)
        self._rejected = keys.rejected_collection(scenario.name)
        self._preparer = Preparer(scenario)
        self._counting = Counting(redis, scenario.name, most, scenario.kinds, side)
        self._documents = documents
        self._lives = Lives(scenario.name, redis, documents, side)
        self.lost = lost
        self.left = Left(scenario, redis, documents, self._counting)
        self._windows = DedupWindows(redis, documents, scenario.name, bounds)
        self._open = OpenDedupWindows()
        self._writer = Writer(documents, near_mongo)
        self._redis = near_redis
        self._mongo = near_mongo

    async def ensure(self, abandoned: Abandoned) -> None:
        """Returns when both stores answer and the indexes are there. Raises AbandonedError."""
        await asyncio.gather(
            self._redis.ask(self.redis.ping, abandoned),
            self._mongo.ask(lambda: self._documents.ensure_indexes(self._scenario), abandoned),
        )

    async def begin_log(self, topic: str, log: str, abandoned: Abandoned) -> None:
        """A log of this process alone gets its first documents. Raises AbandonedError."""
        await self._redis.ask(lambda: self.left.begin(topic, log), abandoned)

    async def look(self, abandoned: Abandoned) -> None:
        """Returns when both stores answer. Raises AbandonedError."""
        await asyncio.gather(
            self._redis.ask(self.redis.ping, abandoned),
            self._mongo.ask(self._documents.ping, abandoned),
        )

    async def committed_offsets(self, fields: Sequence[str], abandoned: Abandoned) -> list[int]:
        """The committed offset of each field; see services.queues.batch.Sink."""
        return await self._redis.ask(lambda: self._counting.committed_offsets(fields), abandoned)

    async def stands(self, parts: Sequence[Part], abandoned: Abandoned) -> list[Stand]:
        """How far partitions are counted; see services.queues.batch.Sink."""
        # each asks both stores: the one that fails is told apart by its own dependency
        lives = await self._redis.ask(
            lambda: self._mongo.ask(self._lives.restore, abandoned), abandoned
        )
        wanted = [present(part, lives) for part in parts]
        return await self._redis.ask(lambda: self._lives.stands(wanted), abandoned)

    async def open(self, before: Stand, base: int, abandoned: Abandoned) -> Stand:
        """Opens the next life of a partition; see services.queues.batch.Sink."""
        life = await self._mongo.ask(lambda: self._lives.keep(before, base), abandoned)
        logline.error(
            "the broker has lost records that were counted; the partition goes on as a new life",
            partition=f"{life.topic}:{life.partition}",
            life=life.id,
            base=life.base,
            committed=life.committed,
        )
        (stand,) = await self.stands([life.part], abandoned)
        return stand

    async def prepare(self, batch: Batch, abandoned: Abandoned) -> Prepared:
        """Decodes a batch; see services.queues.batch.Sink."""
        tp = keys.partition_id(batch.topic_id, batch.partition)
        window = self._open.get(tp, batch.expected)
        self._open.drop(tp)
        try:
            prepared = await self._prepared(tp, batch, window)
        except WindowNeededError:
            window = await self._opened(tp, batch, abandoned)
            prepared = await self._prepared(tp, batch, window)
        if window is not None:
            self._open.put(tp, window, batch.last)
        field = keys.committed_field(self._group, batch.topic, batch.topic_id, batch.partition)
        return Prepared(batch, prepared, field)

    async def store(self, prepared: Sequence[Prepared], abandoned: Abandoned) -> None:
        """Writes documents, in the order of the calls; see services.queues.batch.Sink."""
        documents = [each for one in prepared for each in one.prepared.documents]
        rejected = [each for one in prepared for each in one.prepared.rejected]
        with self._untrusted(prepared):
            await asyncio.gather(
                self._writer.write(self._logs, documents, abandoned),
                self._writer.write(self._rejected, rejected, abandoned),
            )

    async def count(self, prepared: Sequence[Prepared], abandoned: Abandoned) -> list[Verdict]:
        """Counts behind the committed offsets; see services.queues.batch.Sink."""
        wanted = [(each.field, each.prepared) for each in prepared]
        with self._untrusted(prepared):
            verdicts = await self._redis.ask(lambda: self._counting.count(wanted), abandoned)
        for each, verdict in zip(prepared, verdicts, strict=True):
            if reached(verdict, each.batch):
                _observe(each.prepared, verdict)
            else:
                self._open.drop(each.prepared.tp)
            # somebody else may have counted as lost just what was stored here
            if self.lost is not None and (each.batch.lost or not verdict.counted):
                self.lost.look(Range(each.prepared.tp, each.batch.expected, each.batch.last))
        return verdicts

    async def _prepared(self, tp: str, batch: Batch, window: DedupWindow | None) -> PreparedBatch:
        prepared = PreparedBatch(
            tp, batch.expected, batch.last, mark=batch.mark.text, lost=batch.lost
        )
        now = time.time_ns() // 1_000_000
        add = self._preparer.events if batch.topic == self._events else self._preparer.refused
        for start in range(0, len(batch.records), SLICE):
            add(prepared, batch.records[start : start + SLICE], now, window)
            # decoding takes a while; the heartbeat and the batch before want to go on meanwhile
            await asyncio.sleep(0)
        if window is not None:
            prepared.changes = window.changes()
        # the books balance events only
        if batch.gaps and batch.topic == self._events:
            prepared.totals["gaps"] = batch.gaps
        return prepared

    async def _opened(self, tp: str, batch: Batch, abandoned: Abandoned) -> DedupWindow:
        """The ids of the records before a batch. What Redis has is as new as the committed offset
        that the batch follows, or newer, and then the batch is refused."""
        window = await self._redis.ask(lambda: self._windows.kept(tp), abandoned)
        if window is not None:
            return window
        collection = self._logs if batch.topic == self._events else self._rejected
        before = batch.records[0].offset
        earlier = lives_before(tp, await self._mongo.ask(self._lives.kept, abandoned))
        return await self._mongo.ask(
            lambda: self._windows.recalled(tp, collection, before, earlier), abandoned
        )

    @contextlib.contextmanager
    def _untrusted(self, prepared: Sequence[Prepared]) -> Iterator[None]:
        """What is known of ids is read anew where the block does not come to its end."""
        try:
            yield
        except BaseException:
            self._open.drop(*(each.prepared.tp for each in prepared))
            raise


@contextlib.asynccontextmanager
async def storing(
    settings: Settings,
    scenario: Scenario,
    gate: Callable[[str], ReadinessGate],
    liveness: Liveness,
    of: str | None = None,
) -> AsyncIterator[Stores]:
    """The stores that the settings name, pruned and counted while the block runs and closed at
    its end. `gate` makes a condition of readiness of a name; `of` is the queue that the events
    come by, as `Scenario.side` has it, else the one that this process serves."""
    own = side(settings, scenario) if of is None else of
    redis = redis_client(settings.redis_url, settings.redis_password, settings.redis_username)
    documents = GuardedDocuments(
        redis, settings.mongo_url, settings.mongo_username, settings.mongo_password
    )
    near_redis = Dependency(
        gate("redis"),
        liveness,
        (RedisError, OSError),
        waits_for("redis"),
        outbound("redis", _address(settings.redis_url)),
    )
    near_mongo = Dependency(
        gate("mongo"),
        liveness,
        (DocumentsError,),
        waits_for("mongo"),
        outbound("mongo", _address(settings.mongo_url)),
    )
    retention = Retention(scenario.name, redis, documents, settings.keep, settings.pod_name)
    auditing = Auditing(scenario.name, redis, documents, settings.pod_name)
    most, bounds = settings.tally_members, settings.dedup
    # what can be read again is never counted as lost
    may_lose = not queue_kind(own or scenario.queue).replayable
    lost = Lost(scenario.name, redis, documents, settings.pod_name) if may_lose else None
    stores = Stores(scenario, redis, documents, near_redis, near_mongo, bounds, most, own, lost)
    beside = [run_beside(retention.run, "retention"), run_beside(auditing.run, "audit")]
    if lost is not None:
        beside.append(run_beside(lost.run, "look at what was lost"))
    try:
        yield stores
    finally:
        await end(beside)
        await redis.aclose()
        await documents.close()


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or ''}"


def _observe(prepared: PreparedBatch, verdict: Verdict) -> None:
    metrics.QUEUE_TIME.observe(
        document["stored"] - document["at"] for document in prepared.documents
    )
    for outcome, amount in prepared.totals.items():
        metrics.HANDLED.labels(outcome).inc(amount)
    if verdict.failed:
        metrics.FAILED_WRITES.inc(verdict.failed)
        logline.error("tally writes refused by Redis", writes=verdict.failed)
