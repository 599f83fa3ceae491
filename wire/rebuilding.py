"""Makes counters and committed offsets anew from the stored documents, while the pipeline runs.

Per partition the documents are followed from the first offset on. Up to the first offset that is
missing and that the queue still has, everything is known; the committed offset is put there, and
the consumers, whose next batch the committed offset then refuses, read on from it. So whatever
they store or count meanwhile is counted once. Offsets that the queue no longer has are passed over:
of those the documents are all there is, and what is missing among them the books show as lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
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

_TRIES = 5
"""Attempts to have the documents of the other queues counted before they count more."""


class BusyError(Exception):
    """Events came by a queue that cannot be read again all the while."""


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
    stands: dict[str, int] = field(default_factory=dict)
    """The same of other queues than the first: nothing is written unless they are all there are."""

    queues: dict[str, str] = field(default_factory=dict)
    """Field of the committed offset -> its queue, where Redis has forgotten it."""

    def add(self, name: str, amount: int, side: str = "") -> None:
        """Adds to a total, and to that of its queue."""
        self.totals[name] += amount
        if side:
            self.totals[keys.of_side(name, side)] += amount

    def take(self, more: Rebuilt) -> None:
        """Adds what was made of other documents."""
        self.tallies.update(more.tallies)
        self.totals.update(more.totals)
        self.committed_offsets |= more.committed_offsets


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
    side: str = ""
    """Its queue, as `Scenario.side` has it."""

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

    What other queues than the first have counted is made of the documents up to their committed
    offsets, which stay, so nothing has to be read again there.

    Raises PurgedError or BusyError, and nothing is changed; RedisError, DocumentsError or what
    `living` raises where a store does not answer. Safe to repeat, and safe to be killed at any
    moment.
    """
    # Redis may have been emptied since, so the documents' own word counts too
    known = (await read_committed(redis, scenario.name)).low_watermarks
    if known or await documents.low_watermarks(scenario.name):
        raise PurgedError(scenario.name)
    # an emptied Redis has them again before anything is counted in them
    lives = await Lives(scenario.name, redis, documents).restore()
    codec = EventCodec(scenario)
    first, apart = Rebuilt(), frozenset("?")
    for _ in range(_TRIES):
        beside, rebuilt = await _beside(scenario.name, redis)
        await _forgotten(scenario.name, documents, beside, rebuilt)
        if apart != beside.keys():
            first, apart = Rebuilt(), frozenset(beside)
            for partition in await _partitions(scenario.name, documents, living, lives, apart):
                await _follow(codec, documents, partition, first)
        for partition in [each for parts in beside.values() for each in parts]:
            await _follow(codec, documents, partition, rebuilt)
        rebuilt.take(first)
        if await _write(scenario.name, redis, rebuilt, scenario.kinds):
            return rebuilt
    raise BusyError(", ".join(scenario.queues[1:]) or "another queue")


async def _beside(scenario: str, redis: Redis) -> tuple[dict[str, list[_Partition]], Rebuilt]:
    """What other queues than the first have counted, by `tp`, as it stands now; and what of it is
    known without its documents."""
    found: dict[str, list[_Partition]] = {}
    rebuilt = Rebuilt()
    group = keys.consumer_group(scenario)
    for rejected in (False, True):
        topic = keys.rejected_topic(scenario) if rejected else keys.events_topic(scenario)
        committed = await read_committed(redis, scenario, rejected)
        for tp, side in committed.sides.items():
            topic_id, _, number = tp.rpartition(":")
            end, base = committed.offsets.get(tp, -1) + 1, committed.bases.get(tp, 0)
            partition = _Partition(topic, topic_id, int(number), end, end, base, side)
            found.setdefault(tp, []).append(partition)
            place = keys.committed_field(group, topic, topic_id, int(number))
            rebuilt.stands[place] = rebuilt.committed_offsets[place] = end - 1
    for side, (totals, _) in committed.parts.items():
        rebuilt.add("gaps", totals.gaps, side)
    return found, rebuilt


async def _forgotten(
    scenario: str, documents: Documents, beside: dict[str, list[_Partition]], rebuilt: Rebuilt
) -> None:
    """Adds what Redis does not know any more to be of another queue: who counts the documents has
    kept it beside them."""
    topic, group = keys.events_topic(scenario), keys.consumer_group(scenario)
    kept = {str(each["_id"]): each.get("queue") for each in await documents.audits(scenario)}
    wanted = {tp: str(side) for tp, side in kept.items() if side and tp not in beside}
    if not wanted:
        return
    last = await documents.last_offsets(keys.logs_collection(scenario))
    for tp, side in wanted.items():
        if tp in last:
            topic_id, _, number = tp.rpartition(":")
            end = last[tp] + 1
            beside[tp] = [_Partition(topic, topic_id, int(number), end, end, side=side)]
            rebuilt.queues[keys.committed_field(group, topic, topic_id, int(number))] = side


async def _partitions(
    scenario: str,
    documents: Documents,
    living_of: Living,
    lives: Sequence[Life],
    sides: Container[str],
) -> list[_Partition]:
    """Those that the queue has now, and earlier lives of which documents are left, but for `sides`.

    A partition that the queue has may get documents while this is asked. They change nothing of
    what is known of it: beyond the end that was read first, and behind a hole, consumers count
    again.
    """
    living: dict[str, _Partition] = {}
    for topic in (keys.events_topic(scenario), keys.rejected_topic(scenario)):
        for held in await living_of(topic):
            partition = _living(topic, held, lives)
            if partition.tp not in sides:
                living[partition.tp] = partition
    gone: dict[str, _Partition] = {}
    bases = {life.tp: life.base for life in lives}
    ends = {before(life, lives).tp: life.committed + 1 for life in lives}
    for collection, topic in (
        (keys.logs_collection(scenario), keys.events_topic(scenario)),
        (keys.rejected_collection(scenario), keys.rejected_topic(scenario)),
    ):
        for tp, last in (await documents.last_offsets(collection)).items():
            if tp not in living and tp not in sides:
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
    events, side = partition.topic == keys.events_topic(name), partition.side
    committed = partition.base - 1
    for window in Range(partition.tp, committed, partition.end - 1).windows():
        stored = await documents.find(keys.logs_collection(name), window) if events else []
        rejected = await documents.find(keys.rejected_collection(name), window)
        there = {offset for document in (*stored, *rejected) for offset in _offsets(document)}
        committed = _reach(there, window, partition.begin)
        _add(codec, rebuilt, [d for d in stored if d["o"] <= committed], side)
        known = [d for d in rejected if d["o"] <= committed]
        repeated = sum("repeats" in document for document in known)
        if events:
            dead = sum(len(_offsets(document)) for document in known) - repeated
            rebuilt.add("repeated", repeated, side)
            rebuilt.add("dead", dead, side)
            rebuilt.add("extra", _extra((*stored, *rejected), committed), side)
        else:
            rebuilt.add("refused", len(known) - repeated, side)
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


def _add(codec: EventCodec, rebuilt: Rebuilt, stored: Iterable[Document], side: str) -> None:
    for document in stored:
        rebuilt.add("counted", 1, side)
        codec.count(document, rebuilt.tallies)
    codec.trim(rebuilt.tallies)


def _extra(documents: Iterable[Document], committed: int) -> int:
    """Events beyond the first of each record."""
    offsets = [document["o"] for document in documents if document["o"] <= committed]
    return len(offsets) - len(set(offsets))


async def _write(
    scenario: str, redis: Redis, rebuilt: Rebuilt, kinds: Mapping[str, TallyKind] | None = None
) -> bool:
    """False, and nothing is changed, where another queue has counted meanwhile."""
    numbers = {
        keys.committed_key(scenario): 1,
        keys.books_key(scenario): 2,
        keys.low_watermark_key(scenario): 3,
        keys.acknowledged_key(scenario): 4,
        keys.lives_key(scenario): 5,
        keys.queues_key(scenario): 6,
    }
    arguments: list[Any] = [
        f"{_literal(keys.counter_key(scenario, ''))}*",
        # an id above the new committed offset names its own record, so it does no harm when that
        # comes again
        keys.once_key(scenario, ""),
        keys.queue_key(scenario, ""),
        MOST_MEMBERS,
        len(rebuilt.stands),
    ]
    for place, committed in rebuilt.stands.items():
        arguments += ("stands", 1, place, committed)
    for place, committed in rebuilt.committed_offsets.items():
        arguments += ("total", 1, place, committed)
    for place, side in rebuilt.queues.items():
        arguments += ("total", 6, place, side)
    for name, amount in rebuilt.totals.items():
        arguments += ("total", 2, name, amount)
    for (kind, key, member), amount in rebuilt.tallies.items():
        number = numbers.setdefault(keys.counter_key(scenario, key), len(numbers) + 1)
        arguments += (kind, number, member, amount)
    script = writing("wire", "rebuild.lua", kinds)
    answer = await redis.eval(script, len(numbers), *numbers, *arguments)
    if not answer:
        raise PurgedError(scenario)
    return bool(answer == 1)


def _literal(text: str) -> str:
    """A text as a pattern of Redis that matches itself alone."""
    return "".join(f"\\{sign}" if sign in "*?[]\\" else sign for sign in text)
