"""Groups what concurrent requests send to one topic into one record batch at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer

from services.queues.port import Entry, Unavailable
from services.shared.busy import Busy
from services.shared.golden import Traffic

GROUP_RECORDS = 500
"""Most records of one pending send and of one batch."""
GROUP_BYTES = 600_000
"""Most bytes of one batch; a broker takes 1 MB by default."""
SHORT = 20
"""Most records of a pending send that need not wait for those of longer ones."""
LINGER = 0.002
"""Most seconds that a batch waits for the requests that came with the one before it."""
_OVERHEAD = 96


class PendingSend:
    """The records of one request (or a part of them) and the promise to its sender."""

    __slots__ = ("bytes", "deadline", "done", "entries")

    def __init__(self, entries: Sequence[Entry], deadline: float) -> None:
        self.entries = entries
        self.deadline = deadline
        self.bytes = sum([len(entry.value) + _OVERHEAD for entry in entries])
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(self, reason: str) -> None:
        """Tell the sender that Kafka has not acknowledged."""
        if not self.done.done():
            self.done.set_exception(Unavailable(reason))


class Batcher:
    """One topic. While a batch is under way, what arrives is gathered for the next one.

    A batch goes to one partition, the next batch to the next partition. More than one batch is
    under way only where a whole group waits, never two for one partition. Clients that were
    answered together ask again together, so a batch waits a moment for as many requests as the one
    before it held; a request that comes alone never waits. Short pending sends and longer ones have
    a queue each and begin every other batch, so that neither waits for all of the other.
    """

    def __init__(
        self,
        topic: str,
        traffic: Traffic,
        busy: Busy,
        failed: Callable[[], None],
        wake: Callable[[], None],
        partition_slot: int | None = None,
    ) -> None:
        """`partition_slot`: the place of the only partition that it sends to; None for all of
        them."""
        self.topic = topic
        self.partitions: set[int] = set()
        """The partitions of the topic."""
        self._partition_slot = partition_slot
        self.waiting = 0
        """Records not yet given to Kafka."""
        self._traffic = traffic
        self._busy = busy
        self._failed = failed
        self._wake = wake
        self._expected = 1
        self._free_at = 0.0
        self._queues: tuple[deque[PendingSend], deque[PendingSend]] = (deque(), deque())
        self._longer_first = True
        self._flying: dict[int, tuple[float, list[PendingSend]]] = {}
        self._partitions: list[int] = []
        self._turn = 0

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is under way."""
        return not self._queued and not self._flying

    @property
    def _queued(self) -> int:
        """Pending sends that wait."""
        return len(self._queues[0]) + len(self._queues[1])

    def connected(self, partitions: set[int]) -> None:
        """Take up the partitions of the topic, after a new connection."""
        self._flying.clear()
        self.spread(partitions)

    def spread(self, partitions: set[int]) -> None:
        """Send to these from now on; what is under way stays so."""
        self.partitions = partitions
        known = sorted(partitions)
        if self._partition_slot is not None and known:
            known = [known[self._partition_slot % len(known)]]
        self._partitions = known
        self._note()

    def add(self, pending: PendingSend) -> None:
        """Queue a pending send."""
        self._queues[len(pending.entries) > SHORT].append(pending)
        self.waiting += len(pending.entries)
        self._note()

    def silence(self, now: float) -> float:
        """Seconds for which the oldest batch has been under way."""
        return now - min((since for since, _ in self._flying.values()), default=now)

    def expect(self, requests: int, since: float) -> None:
        """So many requests were answered together at that moment and may ask again."""
        self._expected, self._free_at = requests, since

    def due(self, now: float) -> float | None:
        """Seconds until a batch should be sent; None where something else has to happen first."""
        if not self._queued or len(self._flying) >= len(self._partitions):
            return None
        if self.waiting >= GROUP_RECORDS:
            return 0.0
        if self._flying:
            return None
        if self._queued >= self._expected:
            return 0.0
        return max(0.0, self._free_at + LINGER - now)

    async def send(self, producer: AIOKafkaProducer) -> None:
        """Send one batch of what waits."""
        pendings = self._take()
        self._note()
        if not pendings:
            return
        batch = producer.create_batch()
        now = int(time.time() * 1000)
        for pending in pendings:
            for value, headers in pending.entries:
                batch.append(timestamp=now, key=None, value=value, headers=headers)
        batch.close()
        partition = self._next_partition()
        self._flying[partition] = (time.monotonic(), pendings)
        self._note()
        started = self._traffic.begin()
        try:
            sent = await producer.send_batch(batch, self.topic, partition=partition)
        except BaseException as error:
            self._landed(partition, pendings, started, error)
            raise
        sent.add_done_callback(
            lambda future: self._landed(partition, pendings, started, _error_of(future))
        )

    def expire(self, now: float) -> None:
        """Fail every pending send whose deadline has passed; those not yet sent will not be
        sent."""
        for queue in self._queues:
            while queue and queue[0].deadline <= now:
                pending = queue.popleft()
                self.waiting -= len(pending.entries)
                pending.fail("Kafka did not answer in time")
        self._note()
        for _, pendings in self._flying.values():
            for pending in pendings:
                if pending.deadline <= now:
                    pending.fail("Kafka did not answer in time")

    def _note(self) -> None:
        """Kafka is waited for while events queue behind a batch that is under way."""
        if self._queued and self._flying:
            self._busy.hold(self)
        else:
            self._busy.release(self)

    def _take(self) -> list[PendingSend]:
        self._longer_first = not self._longer_first
        pendings: list[PendingSend] = []
        records = size = 0
        for queue in self._queues[:: -1 if self._longer_first else 1]:
            while queue:
                pending = queue[0]
                records += len(pending.entries)
                size += pending.bytes
                if pendings and (records > GROUP_RECORDS or size > GROUP_BYTES):
                    return pendings
                queue.popleft()
                self.waiting -= len(pending.entries)
                # whoever gave up meanwhile will not be told, so its records are not sent
                if not pending.done.done():
                    pendings.append(pending)
        return pendings

    def _next_partition(self) -> int:
        while True:
            self._turn = (self._turn + 1) % len(self._partitions)
            if self._partitions[self._turn] not in self._flying:
                return self._partitions[self._turn]

    def _landed(
        self,
        partition: int,
        pendings: list[PendingSend],
        started: float,
        error: BaseException | None,
    ) -> None:
        flying = self._flying.get(partition)
        if flying is not None and flying[1] is pendings:
            del self._flying[partition]
            self._note()
        self._traffic.end(started, 503 if error else 200)
        for pending in pendings:
            if error is not None:
                pending.fail(f"Kafka did not take it: {type(error).__name__}")
            elif not pending.done.done():
                pending.done.set_result(None)
        if error is not None:
            self._failed()
        self.expect(len(pendings), time.monotonic())
        if self._queued:
            self._wake()


def _error_of(future: asyncio.Future[Any]) -> BaseException | None:
    return asyncio.CancelledError() if future.cancelled() else future.exception()


def pending_sends(entries: Sequence[Entry], deadline: float) -> list[PendingSend]:
    """The records in pending sends that each fit a batch."""
    if len(entries) == 1:
        return [PendingSend(entries, deadline)]
    pendings: list[PendingSend] = []
    start = size = 0
    for at, entry in enumerate(entries):
        bytes_ = len(entry.value) + _OVERHEAD
        if at > start and (at - start >= GROUP_RECORDS or size + bytes_ > GROUP_BYTES):
            pendings.append(PendingSend(entries[start:at], deadline))
            start, size = at, 0
        size += bytes_
    if len(entries) > start:
        pendings.append(PendingSend(entries[start:], deadline))
    return pendings
