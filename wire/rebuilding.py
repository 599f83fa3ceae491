"""Makes counters and committed offsets anew from the stored documents, while the pipeline runs.

Per partition the documents are followed from the first offset on. Up to the first offset that is
missing and that the queue still has, everything is known; the committed offset is put there, and
the consumers, whose next portion the committed offset then refuses, read on from it. So whatever
they store or count meanwhile is counted once. Offsets that the queue no longer has are passed over:
of those the documents are all there is, and what is missing among them the books show as lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from aiokafka.errors import UnknownTopicOrPartitionError
from redis.asyncio import Redis

from scenarios.events import EventCodec
from scenarios.scenario import Scenario
from scenarios.tallies.kind import TallyKind
from wire import keys
from wire.committed import read_committed
from wire.documents import Document, Documents
from wire.lives import Life, Lives, Part, before, present
from wire.ranges import Range
from wire.topics import OffsetReader
from wire.tops import MOST_MEMBERS, writing


class PurgedError(Exception):
    """Documents were removed, by hand or by retention, so they are not all that was counted."""


@dataclass
class Rebuilt:
    """What was made of the documents."""

    tallies: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(kind, key without the scenario, member) -> amount."""
    totals: Counter[str] = field(default_factory=Counter)
    """By the names of `wire.books.Totals`."""
    committed_offsets: dict[str, int] = field(default_factory=dict)
    """Field of the committed offset -> offset of the last record that is counted."""


class Held(NamedTuple):
    """What a queue still has of one partition: offsets in [begin, end)."""

    topic_id: str
    partition: int
    begin: int
    end: int


Living = Callable[[str], Awaitable[Iterable[Held]]]
"""Answers what there is now of a topic; nothing where there is no such topic."""


@dataclass(frozen=True, slots=True)
class _Partition:
    """One partition of one life of a topic, and what the queue still has of it: [begin, end)."""

    topic: str
    topic_id: str
    number: int
    begin: int
    end: int
    base: int = 0
    """First offset of this life."""

    @property
    def tp(self) -> str:
        return keys.partition_id(self.topic_id, self.number)


async def rebuild(
    scenario: Scenario, redis: Redis, documents: Documents, offsets: OffsetReader
) -> Rebuilt:
    """As `rebuild_with` does it, of a scenario that goes by Kafka; raises KafkaError too."""

    async def living(topic: str) -> list[Held]:
        return await _in_kafka(topic, offsets)

    return await rebuild_with(scenario, redis, documents, living)


async def rebuild_with(
    scenario: Scenario, redis: Redis, documents: Documents, living: Living
) -> Rebuilt:
    """Counters, committed offsets and books from the documents; returns what was written.

    Raises PurgedError, and nothing is changed; RedisError, DocumentsError or what `living` raises
    where a store does not answer. Safe to repeat, and safe to be killed at any moment.
    """
    # Redis may have been emptied since, so the documents' own word counts too
    known = (await read_committed(redis, scenario.name)).low_watermarks
    if known or await documents.low_watermarks(scenario.name):
        raise PurgedError(scenario.name)
    # an emptied Redis has them again before anything is counted in them
    lives = await Lives(scenario.name, redis, documents).restore()
    codec = EventCodec(scenario)
    rebuilt = Rebuilt()
    for partition in await _partitions(scenario.name, documents, living, lives):
        await _follow(codec, documents, partition, rebuilt)
    await _write(scenario.name, redis, rebuilt, scenario.kinds)
    return rebuilt


async def _partitions(
    scenario: str, documents: Documents, living_of: Living, lives: Sequence[Life]
) -> list[_Partition]:
    """Those that the queue has now, and earlier lives of which documents are left.

    A partition that the queue has may get documents while this is asked. They change nothing of
    what is known of it: beyond the end that was read first, and behind a hole, consumers count
    again.
    """
    living: dict[str, _Partition] = {}
    for topic in (keys.events_topic(scenario), keys.rejected_topic(scenario)):
        for held in await living_of(topic):
            partition = _living(topic, held, lives)
            living[partition.tp] = partition
    gone: dict[str, _Partition] = {}
    bases = {life.tp: life.base for life in lives}
    ends = {before(life, lives).tp: life.committed + 1 for life in lives}
    for collection, topic in (
        (keys.logs_collection(scenario), keys.events_topic(scenario)),
        (keys.rejected_collection(scenario), keys.rejected_topic(scenario)),
    ):
        for tp, last in (await documents.last_offsets(collection)).items():
            if tp not in living:
                topic_id, _, number = tp.rpartition(":")
                fresh = _Partition(topic, topic_id, int(number), 0, 0, bases.get(tp, 0))
                # the last records of an earlier life may have been no events
                known = gone.get(tp) or fresh
                end = max(known.end, last + 1, ends.get(tp, 0))
                gone[tp] = replace(known, begin=end, end=end)
    return [*living.values(), *gone.values()]


def _living(topic: str, held: Held, lives: Sequence[Life]) -> _Partition:
    life = present(Part(topic, held.topic_id, held.partition), lives)
    begin, end = max(held.begin, life.base), max(held.end, life.base)
    return _Partition(topic, life.id, held.partition, begin, end, life.base)


async def _in_kafka(topic: str, offsets: OffsetReader) -> list[Held]:
    try:
        topic_id = (await offsets.topic(topic)).id
    except UnknownTopicOrPartitionError:
        return []
    begins, ends = await offsets.beginning_offsets(topic), await offsets.end_offsets(topic)
    return [Held(topic_id, p, begins[p], ends[p]) for p in ends]


async def _follow(
    codec: EventCodec, documents: Documents, partition: _Partition, rebuilt: Rebuilt
) -> None:
    """Adds the documents of a partition, window by window, up to the first that is missing."""
    name = codec.scenario.name
    events = partition.topic == keys.events_topic(name)
    committed = partition.base - 1
    for window in Range(partition.tp, committed, partition.end - 1).windows():
        stored = await documents.find(keys.logs_collection(name), window) if events else []
        rejected = await documents.find(keys.rejected_collection(name), window)
        there = {offset for document in (*stored, *rejected) for offset in _offsets(document)}
        committed = _reach(there, window, partition.begin)
        _add(codec, rebuilt, [d for d in stored if d["o"] <= committed])
        known = [d for d in rejected if d["o"] <= committed]
        repeated = sum("repeats" in document for document in known)
        rebuilt.totals["repeated"] += repeated if events else 0
        if events:
            rebuilt.totals["dead"] += sum(len(_offsets(document)) for document in known) - repeated
        else:
            rebuilt.totals["refused"] += len(known) - repeated
        rebuilt.totals["extra"] += _extra((*stored, *rejected), committed) if events else 0
        if committed < window.upto:
            break
    if committed >= 0:
        group = keys.consumer_group(name)
        place = keys.committed_field(group, partition.topic, partition.topic_id, partition.number)
        rebuilt.committed_offsets[place] = committed


def _offsets(document: Document) -> range:
    """What a document stands for: more than its own offset where a batch could not be read."""
    first = document["first"] if "first" in document else document["o"]
    return range(first, document["o"] + 1)


def _reach(there: set[int], window: Range, begin: int) -> int:
    """The last offset of a window before one that is missing and could be read again."""
    wanted = range(max(window.after + 1, begin), window.upto + 1)
    return next((offset - 1 for offset in wanted if offset not in there), window.upto)


def _add(codec: EventCodec, rebuilt: Rebuilt, stored: Iterable[Document]) -> None:
    for document in stored:
        rebuilt.totals["counted"] += 1
        for kind, key, member, amount in codec.tally_writes(document["event"]):
            rebuilt.tallies[kind, key, member] += amount


def _extra(documents: Iterable[Document], committed: int) -> int:
    """Events beyond the first of each record."""
    offsets = [document["o"] for document in documents if document["o"] <= committed]
    return len(offsets) - len(set(offsets))


async def _write(
    scenario: str, redis: Redis, rebuilt: Rebuilt, kinds: Mapping[str, TallyKind] | None = None
) -> None:
    numbers = {
        keys.committed_key(scenario): 1,
        keys.books_key(scenario): 2,
        keys.low_watermark_key(scenario): 3,
        keys.acknowledged_key(scenario): 4,
        keys.lives_key(scenario): 5,
    }
    arguments: list[Any] = [
        f"{_literal(keys.counter_key(scenario, ''))}*",
        # an id above the new committed offset names its own record, so it does no harm when that
        # comes again
        keys.once_key(scenario, ""),
        keys.queue_key(scenario, ""),
        MOST_MEMBERS,
    ]
    for place, committed in rebuilt.committed_offsets.items():
        arguments += ("total", 1, place, committed)
    for name, amount in rebuilt.totals.items():
        arguments += ("total", 2, name, amount)
    for (kind, key, member), amount in rebuilt.tallies.items():
        number = numbers.setdefault(keys.counter_key(scenario, key), len(numbers) + 1)
        arguments += (kind, number, member, amount)
    script = writing("wire", "rebuild.lua", kinds)
    if not await redis.eval(script, len(numbers), *numbers, *arguments):
        raise PurgedError(scenario)


def _literal(text: str) -> str:
    """A text as a pattern of Redis that matches itself alone."""
    return "".join(f"\\{sign}" if sign in "*?[]\\" else sign for sign in text)
