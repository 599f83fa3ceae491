"""A consumer that no bytes on a topic bring to a stand.

aiokafka's own reads on no further once a batch is broken or packed in a way that it does not
know: it raises the same error for ever, and what it had read of other partitions with it is
lost. So each answer is looked through before its fetcher has it (see `wire.batches`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError, UnknownError
from aiokafka.protocol.fetch import FetchRequest

from wire.batches import BadBatchError, Raw, raw_batches, readable, stand_in
from wire.refusals import Refusals

HELD = 64 << 20
"""Bytes of unpacked batches from which on the next ones wait until those are used."""
_WAIT = 0.05


def open_reader(*topics: str, refusals: Refusals | None = None, **options: Any) -> AIOKafkaConsumer:
    """A consumer of committed records only, not yet started. `options` are aiokafka's; `refusals`
    is told of every partition that was asked for, and a missing right is not raised then.

    Among its records are some that stand for what cannot be read: see
    `wire.batches.unreadable_of`.
    """
    # the sieve has looked at the checksums
    consumer = AIOKafkaConsumer(
        *topics, isolation_level="read_committed", check_crcs=False, **options
    )
    Sieve(consumer, refusals)
    return consumer


class Sieve:
    """Stands between the client of a consumer and its fetcher."""

    def __init__(self, consumer: AIOKafkaConsumer, refusals: Refusals | None) -> None:
        self._consumer = consumer
        self._refusals = refusals
        client = consumer._client
        self._send, client.send = client.send, self.send
        self._doubts: dict[TopicPartition, tuple[int, int]] = {}
        self._held: dict[TopicPartition, int] = {}
        self._full = False

    async def send(self, node: int, request: Any, **options: Any) -> Any:
        """As the client sends it; an answer with records comes back looked through."""
        answer = await self._send(node, request, **options)
        if isinstance(request, FetchRequest):
            await self._look_through(request, answer)
        return answer

    async def _look_through(self, request: FetchRequest, answer: Any) -> None:
        asked = {
            TopicPartition(topic, partition): offset
            for topic, partitions in request.topics
            for partition, offset, _ in partitions
        }
        self._let_go(asked)
        topics, refused = [], False
        for topic, partitions in answer.topics:
            looked: list[tuple[Any, ...]] = []
            for number, error, end, *rest, records in partitions:
                partition = TopicPartition(topic, number)
                refused = refused or bool(error)
                error = self._noted(partition, error)
                if records and not error:
                    records = self._sieved(partition, asked[partition], end, records)
                    # some milliseconds each; the heartbeat wants to go on meanwhile
                    await asyncio.sleep(0)
                looked.append((number, error, end, *rest, records))
            topics.append((topic, looked))
        answer.topics = topics
        if self._full or refused:
            # such a partition is asked for again at once
            self._full = False
            await asyncio.sleep(_WAIT)

    def _noted(self, partition: TopicPartition, error: int) -> int:
        """What the fetcher is to know of an error that somebody else tells."""
        if self._refusals is None:
            return error
        self._refusals.note(partition, error)
        # the fetcher would raise it, and lose what it had read of other partitions
        return UnknownError.errno if error == TopicAuthorizationFailedError.errno else error

    def _let_go(self, asked: Iterable[TopicPartition]) -> None:
        """A partition is asked for again once its records are used, or it was taken away."""
        assigned = self._consumer.assignment() - set(asked)
        self._held = {each: size for each, size in self._held.items() if each in assigned}

    def _sieved(self, partition: TopicPartition, position: int, end: int, records: bytes) -> bytes:
        """The batches of one answer up to the first that cannot be read; that one comes alone,
        and is expected to be bad once the same bytes came twice."""
        doubt = self._doubts.pop(partition, None)
        space = HELD - sum(self._held.values())
        kept: list[bytes] = []
        packed = False
        for raw in raw_batches(records, position, end):
            if _behind(raw):
                continue
            try:
                batch = readable(raw)
            except BadBatchError as error:
                if kept:
                    break
                seen = (position, hash(raw.data))
                if doubt == seen:
                    return stand_in(raw, str(error))
                self._doubts[partition] = seen
                return b""
            packed = packed or batch is not raw.data
            if packed and len(batch) > space and (kept or self._held):
                self._full = not kept
                break
            kept.append(batch)
            space -= len(batch) if packed else 0
        made = b"".join(kept)
        if packed:
            self._held[partition] = len(made)
        return made


def _behind(raw: Raw) -> bool:
    """Whether a batch ends before what was asked for, though another one follows it."""
    header = raw.header
    before = header.delta >= 0 and header.last < raw.position
    return before and raw.following is not None and raw.sound
