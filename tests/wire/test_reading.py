"""Arbitrary batches through a real broker and a real client: every offset is accounted for."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Engines
from tests.consumer.raw import CODECS, Altering, altering, batch, checked, produce
from tests.topics import topics_admin
from wire.batches import BadBatchError, raw_batches, readable, stand_in, unreadable_of
from wire.kafka import client_arguments
from wire.reading import open_reader

FEW = settings(
    max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
MANY = settings(FEW, max_examples=100)

_BYTES = st.binary(max_size=40)
_HEADERS = st.lists(
    st.tuples(st.sampled_from(["id", "origin", "once", "", "x"]), st.none() | _BYTES), max_size=4
) | st.just([("many", b"")] * 1_001)
_CHANGES = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])), max_size=3
)


@dataclass(frozen=True)
class Sent:
    """One batch: what it holds, and what is wrong with it when it is received."""

    values: list[bytes | None]
    codec: str
    headers: list[tuple[str, bytes | None]]
    key: bytes | None
    changes: list[tuple[int, int]]
    """Where a byte of it becomes another one, behind the place in the log."""
    mended: bool
    """Whether its checksum fits nevertheless."""
    end: str
    """Of its transaction, where it has one."""

    def made(self, tag: bytes) -> bytes:
        """As it is sent; no two of a test are alike."""
        return batch([*self.values, tag], self.codec, self.headers, key=self.key)

    def received(self, sent: bytes) -> bytes:
        """As it comes over a link that spoils it."""
        changed = bytearray(sent)
        for at, value in self.changes:
            changed[16 + at % (len(sent) - 16)] = value
        return checked(changed) if self.mended else bytes(changed)


SENT = st.builds(
    Sent,
    values=st.lists(st.none() | _BYTES | st.just(b"x" * 5_000), max_size=3),
    codec=st.sampled_from(list(CODECS)),
    headers=_HEADERS,
    key=st.none() | _BYTES,
    changes=st.just([]) | _CHANGES,
    mended=st.booleans(),
    end=st.sampled_from(["", "", "commit", "abort"]),
)


@dataclass
class Bench:
    """A topic of one partition, written directly and read over a link that spoils it."""

    kafka: str
    partition: TopicPartition
    link: Altering
    consumer: AIOKafkaConsumer
    producer: AIOKafkaProducer
    end: int = 0

    async def round(self, batches: list[Sent]) -> None:
        """Sends batches, reads them, and looks where every offset has gone."""
        wanted: dict[int, bytes | None] = {}
        aborted: set[int] = set()
        for each in batches:
            await self._send(each, wanted, aborted)
        await self._mark()
        seen: dict[int, Any] = {}
        async with asyncio.timeout(30):
            while max(seen, default=-1) < self.end - 2:
                for record in (await self.consumer.getmany(timeout_ms=100)).get(self.partition, []):
                    assert record.offset > max(seen, default=-1)
                    stands = unreadable_of(record)
                    for offset in range(
                        stands.first if stands else record.offset, record.offset + 1
                    ):
                        seen[offset] = stands or record.value
        for offset, value in wanted.items():
            assert seen[offset] == value
        assert not aborted & seen.keys()
        self.link.changes = dict(list(self.link.changes.items())[:1])

    async def _send(self, each: Sent, wanted: dict[int, bytes | None], aborted: set[int]) -> None:
        """`wanted` gets the values that have to arrive, `aborted` the offsets that must not."""
        tag = uuid.uuid4().bytes
        if each.end:
            async with self._transaction(each.end):
                told = [await self._sent(value) for value in (*each.values, tag)]
            if each.end == "commit":
                wanted.update(zip(told, (*each.values, tag), strict=True))
            else:
                aborted.update(told)
            return
        sent = each.made(tag)
        received = each.received(sent)
        self.link.spoil(sent, received)
        (first,) = await produce(self.kafka, self.partition.topic, [sent])
        if received == sent and len(each.headers) < 1_000:
            wanted.update(enumerate((*each.values, tag), first))

    async def _sent(self, value: bytes | None) -> int:
        topic, number = self.partition
        sent = await self.producer.send_and_wait(topic, value, key=b"k", partition=number)
        return int(sent.offset)

    @contextlib.asynccontextmanager
    async def _transaction(self, end: str) -> AsyncIterator[None]:
        await self.producer.begin_transaction()
        yield
        if end == "commit":
            await self.producer.commit_transaction()
        else:
            await self.producer.abort_transaction()

    async def _mark(self) -> None:
        """A committed record and its mark, the last of a round: what comes before was read."""
        async with self.producer.transaction():
            self.end = await self._sent(b"end") + 2


@contextlib.asynccontextmanager
async def bench(kafka: str) -> AsyncIterator[Bench]:
    """All of it, and nothing is left at the end."""
    topic = f"any-{uuid.uuid4().hex[:8]}"
    partition = TopicPartition(topic, 0)
    async with topics_admin(kafka) as admin, altering(kafka) as link:
        await admin.create_topics([NewTopic(topic, 1, 1)])
        producer = AIOKafkaProducer(**client_arguments(kafka), transactional_id=topic)
        consumer = open_reader(**client_arguments(link.address), auto_offset_reset="earliest")
        await producer.start()
        await consumer.start()
        consumer.assign([partition])
        try:
            yield Bench(kafka, partition, link, consumer, producer)
        finally:
            await consumer.stop()
            await producer.stop()
            await admin.delete_topics([topic])


def test_every_offset_of_arbitrary_batches_is_accounted_for(engines: Engines) -> None:
    with asyncio.Runner() as runner:
        made = bench(engines.kafka)
        here = runner.run(made.__aenter__())

        @FEW
        @given(st.lists(SENT, min_size=1, max_size=5))
        def rounds(batches: list[Sent]) -> None:
            runner.run(here.round(batches))

        try:
            rounds()
        finally:
            runner.run(made.__aexit__(None, None, None))


@MANY
@given(
    sent=SENT,
    positions=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 255)), max_size=2),
    cut=st.none() | st.integers(1, 100),
)
def test_what_stands_in_for_any_bytes_can_be_read_and_leads_on(
    sent: Sent, positions: list[tuple[int, int]], cut: int | None
) -> None:
    """Also where the place and the length of a batch are not what they were."""
    position, end = 100, 110
    received = bytearray(sent.received(sent.made(b"tag")))
    struct.pack_into(">q", received, 0, position)
    for at, value in positions:
        received[at] = value
    raw = next(raw_batches(bytes(received[:cut]), position, end))
    try:
        made = readable(raw)
    except BadBatchError as error:
        made = stand_in(raw, str(error))
    records = MemoryRecords(made)
    batch_ = records.next_batch()
    offsets = [record.offset for record in batch_]
    assert offsets == sorted(set(offsets))
    assert position < batch_.next_offset <= end
    assert not records.has_next()
