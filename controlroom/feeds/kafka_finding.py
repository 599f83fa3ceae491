"""Looking through the records of Kafka, the newest first, window by window.

All of the topics is there: what is not stored yet, what was rejected, what retention has removed.
Nothing joins the consumers' group, and nothing is committed.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.finding import asked_of
from controlroom.feeds.text import clean
from controlroom.model.finding import LONGEST_VALUE, Found, RecordLine, Wanted
from controlroom.targets.abilities import Refused
from scenarios.derived import with_derived
from scenarios.events import EventCodec
from scenarios.scenario import ORIGIN, QUEUE, Event, Scenario
from scenarios.templates import render
from wire.keys import events_topic, rejected_topic
from wire.record import decode_rejected, read_meta

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    from wire.topics import OffsetReader

FIRST_WINDOW, WINDOW = 500, 4_000
"""Offsets of each partition in the first step, which is answered soonest, and in later ones."""
AT_ONCE = 200
"""Records that are looked at before whoever else waits has a turn."""
SAY_EVERY = 0.3
"""Seconds between two words of how far it is."""
SILENT = 15.0
"""Seconds without a record after which Kafka counts as silent."""
SKEW = 60_000
"""ms by which the clocks of producers may differ: within a partition times are not quite in
order, so more is looked through than lies before `until`."""
BEHIND_PORTS = (
    "Kafka's records cannot be read from here: its brokers are behind forwarded ports.",
    "Look in the documents: leave `--in kafka` out.",
)


@dataclass(slots=True)
class _Tail:
    """What is left of one partition: offsets from `first` up to `end`, which is not one of them."""

    first: int
    end: int


class KafkaFinding:
    """One search. It is a source that is read to its end by `steps`."""

    name = "queues"
    period = 0.0
    timeout = 10.0
    needs: tuple[str, ...] = ("wire.reading", "wire.topics")

    def __init__(self, endpoints: LiveEndpoints, scenario: Scenario, wanted: Wanted) -> None:
        """Raises ValueError for a field that events do not have, or a value it cannot have."""
        asked_of(scenario, wanted.fields)
        self._endpoints = endpoints
        self._scenario = scenario
        self._wanted = wanted
        self._codec = EventCodec(scenario)
        self._topics = (events_topic(scenario.name), rejected_topic(scenario.name))
        self._offsets: OffsetReader | None = None
        self._reader: AIOKafkaConsumer | None = None
        self._looked = self._total = self._hits = 0
        self._unread: list[str] = []
        self._told: list[str] = []

    async def open(self) -> None:
        """Connects. Raises Refused where there are no records that could be read."""
        from wire.kafka import brokers_of
        from wire.reading import open_reader
        from wire.topics import OffsetReader

        if QUEUE not in self._scenario.queues:
            raise Refused(
                f"{self._scenario.name} goes by {', '.join(self._scenario.queues)}, not by Kafka.",
                "Look in the documents: leave `--in kafka` out.",
            )
        endpoints = await self._endpoints.endpoints()
        if endpoints.brokers:
            raise Refused(*BEHIND_PORTS)
        brokers = brokers_of(endpoints.address(QUEUE))
        self._offsets = OffsetReader(brokers)
        # without a group it is a member of none
        self._reader = open_reader(
            **brokers.arguments(), group_id=None, enable_auto_commit=False,
            auto_offset_reset="earliest",
        )  # fmt: skip
        await self._reader.start()

    async def close(self) -> None:
        """Ends the connections."""
        offsets, self._offsets = self._offsets, None
        reader, self._reader = self._reader, None
        if offsets is not None:
            await offsets.close()
        if reader is not None:
            await reader.stop()

    async def steps(self) -> AsyncIterator[Found]:
        """How far it is, after each window of all partitions, and now and then within one. Ends
        when everything was looked through, or when enough was found."""
        assert self._reader is not None
        left = await self._bounded()
        self._total = sum(tail.end - tail.first for tail in left.values())
        yield self._said([])
        self._reader.assign(list(left))
        window = FIRST_WINDOW
        while left and self._hits < self._wanted.most:
            tails = {
                place: _Tail(max(tail.first, tail.end - window), tail.end)
                for place, tail in left.items()
            }
            lines: list[RecordLine] = []
            said = time.monotonic()
            async for found in self._read(tails):
                lines += found
                if time.monotonic() - said > SAY_EVERY:
                    said = time.monotonic()
                    yield self._said([])
            lines.sort(key=lambda line: (line.at, line.partition, line.offset), reverse=True)
            lines = lines[: self._wanted.most - self._hits]
            self._hits += len(lines)
            left = {
                place: _Tail(tail.first, tails[place].first)
                for place, tail in left.items()
                if tails[place].first > tail.first
            }
            yield self._said(lines)
            window = min(WINDOW, window * 2)

    def _said(self, lines: Sequence[RecordLine]) -> Found:
        unread, self._unread = tuple(self._unread), []
        return Found(
            tuple(lines), self._hits, min(self._looked, self._total), self._total,
            self._hits >= self._wanted.most, "records", unread,
        )  # fmt: skip

    async def _bounded(self) -> dict[TopicPartition, _Tail]:
        """What of each partition lies in the time that is meant, and can be read."""
        from aiokafka import TopicPartition
        from aiokafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError

        found: dict[TopicPartition, _Tail] = {}
        wanted, known = self._wanted.partition, 0
        for topic in self._topics:
            try:
                tails = await self._tails_of(topic)
            except (TopicAuthorizationFailedError, UnknownTopicOrPartitionError) as error:
                if topic == self._topics[0]:
                    raise
                self._unread.append(f"{topic}: {type(error).__name__}")
                continue
            known = max(known, len(tails))
            for partition, tail in tails.items():
                if wanted in (None, partition) and tail.end > tail.first:
                    found[TopicPartition(topic, partition)] = tail
        if wanted is not None and wanted >= known:
            raise ValueError(
                f"there is no partition {wanted}: {self._topics[0]} has 0 to {known - 1}"
            )
        return found

    async def _tails_of(self, name: str) -> dict[int, _Tail]:
        assert self._offsets is not None
        topic = await self._offsets.topic(name)
        begins, ends = await self._offsets.begins_of(topic), await self._offsets.stable_of(topic)
        tails = {p: _Tail(begins[p], end) for p, end in ends.items()}
        since, until = self._wanted.since, self._wanted.until
        if since is not None:
            for p, first in (await self._offsets.since(topic, int(since * 1000))).items():
                tails[p].first = max(tails[p].first, tails[p].end if first < 0 else first)
        if until is not None:
            for p, end in (await self._offsets.since(topic, int(until * 1000) + 1 + SKEW)).items():
                tails[p].end = tails[p].end if end < 0 else min(tails[p].end, end)
        return tails

    async def _read(self, tails: Mapping[TopicPartition, _Tail]) -> AsyncIterator[list[RecordLine]]:
        """The hits among these offsets, some at a time. Raises TimeoutError where Kafka is
        silent."""
        reader = self._reader
        assert reader is not None
        at = {}
        for place in reader.assignment():
            if place in tails:
                at[place] = tails[place].first
                reader.seek(place, tails[place].first)
                reader.resume(place)
            else:
                reader.pause(place)
        heard = time.monotonic()
        while at:
            got = await reader.getmany(*at, timeout_ms=200, max_records=AT_ONCE)
            yield [
                line
                for place, records in got.items()
                for record in records
                if record.offset < tails[place].end
                for line in self._line(place, record, tails[place].first)
            ]
            for place in list(at):
                end = tails[place].end
                now = min(end, await reader.position(place))
                self._looked += max(0, now - at[place])
                if now > at[place]:
                    heard = time.monotonic()
                at[place] = now
                if now >= end:
                    del at[place]
                    reader.pause(place)
            if time.monotonic() - heard > SILENT:
                raise TimeoutError

    def _line(self, place: TopicPartition, record: Any, first: int) -> list[RecordLine]:
        """The record, where it is one of those that are looked for."""
        from wire.batches import unreadable_of

        unreadable = unreadable_of(record)
        if unreadable is not None:
            begin = max(first, unreadable.first)
            offsets = f"{begin}" if begin == record.offset else f"{begin} to {record.offset}"
            self._unread.append(
                clean(f"{place.topic} p{place.partition} o{offsets}: {unreadable.reason}")
            )
            return []
        meta = read_meta(record.headers, record.timestamp, "")
        wanted, at = self._wanted, meta.at / 1000
        if (wanted.since or 0.0) > at or (wanted.until is not None and at > wanted.until):
            return []
        value = bytes(record.value or b"")
        for words, event, rejected, origin in self._meant(place.topic, value, meta.origin):
            if self._fits(event, rejected, origin) and wanted.needle.fits(words):
                return [
                    RecordLine(
                        place.topic, place.partition, record.offset, at, words, rejected, origin,
                        _text(record.key), tuple((n, _text(v)) for n, v in record.headers or ()),
                        _text(value),
                    )
                ]  # fmt: skip
        return []

    def _meant(self, topic: str, value: bytes, origin: str) -> list[tuple[str, Event, bool, str]]:
        """What a record says: its words, its event where it is one, whether it is rejected, its
        door. One record may hold several events."""
        if topic == self._topics[1]:
            found = decode_rejected(value)
            words = _why(found.reason, found.value)
            return [(words, _raw(found.value.encode()), True, found.origin)]
        told: list[tuple[str, Event, bool, str]] = []
        for outcome in self._codec.decode_value(value):
            if isinstance(outcome, dict):
                words = clean(render(self._scenario.log_line, outcome))
                told.append((words, outcome, False, origin))
            else:
                words = _why([error.as_json() for error in outcome], _text(value))
                told.append((words, _raw(value), True, origin))
        return told

    def _fits(self, event: Event, rejected: bool, origin: str) -> bool:
        """Whether its fields are those that are wanted; a rejected record has those that were
        sent."""
        fields = self._wanted.fields
        if not fields:
            return True
        values = event if rejected else with_derived(self._scenario, event)
        return all(
            (origin if name == ORIGIN else str(values.get(name))) == value
            for name, value in fields.items()
        )


def _why(reason: Sequence[Mapping[str, str]], value: str) -> str:
    """A rejected record in one line."""
    parts = (f"{each.get('field', '')}: {each.get('message', '')}" for each in reason)
    return clean(f"rejected, {'; '.join(part.removeprefix(': ') for part in parts)}: {value}")


def _raw(value: bytes) -> Event:
    """The fields of what is no event, as they were sent; none where it is no object."""
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: bytes | None) -> str:
    return (value or b"")[:LONGEST_VALUE].decode(errors="replace")
