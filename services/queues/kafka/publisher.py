"""One idempotent Kafka producer for a whole process, shared by all requests."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError

from services.queues.kafka.admission import AdmissionControl, watching
from services.queues.kafka.batcher import Batcher, pending_sends
from services.queues.port import DEADLINE, Entry, Unavailable
from services.shared import golden, logline
from services.shared.beside import run_beside
from services.shared.busy import waits_for
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from wire import keys, problems
from wire.ending import end
from wire.kafka import Brokers, brokers_of
from wire.topics import ensure_topics

MAX_WAITING = 50_000
"""Records that may wait for Kafka in one process."""
MAX_WAITING_BYTES = 32 << 20
"""Bytes of records that may, with those that are under way; one request may have more."""
_SWEEP, _IDLE_SWEEP = 0.1, 1.0
"""Seconds between two looks at deadlines, and while nothing has one."""
_METADATA_AGE_MS = 5_000
"""Partitions that are added get records after this time at most."""
_SILENT = 3.0
"""Seconds without an answer after which the log tells of it."""
_CLOSE = 8.0


class Publisher:
    """Sends records and returns when every in-sync replica has them.

    Connects, and connects anew after an error that the producer cannot retry: its sequence
    numbers would no longer fit those of the broker.
    """

    def __init__(
        self,
        bootstrap: str | Brokers,
        scenario: str,
        deadline: float = DEADLINE,
        *,
        admission: AdmissionControl | None = None,
        kept: int = 0,
    ) -> None:
        self.connected = asyncio.Event()
        self._brokers = brokers_of(bootstrap)
        self._scenario = scenario
        self._deadline = deadline
        self._admission = admission
        self._kept = kept
        self._producer: AIOKafkaProducer | None = None
        self._lost_at = time.monotonic()
        self._silent = 0.0
        self._wake = asyncio.Event()
        self._work = asyncio.Event()
        """Set while something waits or is under way."""
        self._alarm: asyncio.TimerHandle | None = None
        traffic = golden.outbound("kafka", self._brokers.bootstrap)
        self._waits = waits_for("kafka")
        topics = (keys.events_topic(scenario), keys.rejected_topic(scenario))
        self._traffic = traffic
        self._batchers = {
            topic: Batcher(topic, traffic, self._waits, self._failed, self._wake.set)
            for topic in topics
        }
        self._bytes = 0
        self._broken = False
        self._away = False

    async def publish(
        self, topic: str, entries: Sequence[Entry], partition_slot: int | None = None
    ) -> None:
        """Send the records to a topic of the scenario, spread over all its partitions, or to
        the one that stands at `partition_slot`.

        Returns when Kafka has acknowledged them all; raises Unavailable when the admission control
        is shut, the buffer is full, Kafka has been away for long, or the deadline passes. Records
        may be on Kafka after that error too, like after any answer that was lost.
        """
        if not entries:
            return
        now = time.monotonic()
        self._admit(len(entries))
        batcher = (
            self._batchers[topic] if partition_slot is None else self._bound(topic, partition_slot)
        )
        pendings = pending_sends(entries, now + self._deadline)
        size = sum([pending.bytes for pending in pendings])
        if self._bytes and self._bytes + size > MAX_WAITING_BYTES:
            raise Unavailable(f"{self._bytes} bytes already wait for Kafka", problem=problems.BUSY)
        self._bytes += size
        try:
            for pending in pendings:
                batcher.add(pending)
            self._wake.set()
            self._work.set()
            if len(pendings) == 1:
                await pendings[0].done
            else:
                await asyncio.gather(*(pending.done for pending in pendings))
        finally:
            self._bytes -= size

    def _bound(self, topic: str, partition_slot: int) -> Batcher:
        """The batcher of one partition; made where it is needed first."""
        name = f"{topic}/{partition_slot}"
        if name not in self._batchers:
            batcher = Batcher(
                topic, self._traffic, self._waits, self._failed, self._wake.set, partition_slot
            )
            batcher.connected(self._batchers[topic].partitions)
            self._batchers[name] = batcher
        return self._batchers[name]

    def _admit(self, records: int) -> None:
        if self._admission is not None:
            self._admission.check()
        waiting = records
        for batcher in self._batchers.values():
            waiting += batcher.waiting
        if waiting > MAX_WAITING:
            reason = f"{waiting - records} events already wait for Kafka"
            raise Unavailable(reason, problem=problems.BUSY)
        if self._silent > self._deadline:
            raise Unavailable(f"Kafka has not answered for {self._silent:.0f} s")

    def _silence(self, now: float) -> float:
        if self._producer is None:
            return now - self._lost_at
        return max(batcher.silence(now) for batcher in self._batchers.values())

    def _failed(self) -> None:
        self._broken = True
        self._wake.set()

    async def run(self) -> None:
        """Connect and send until cancelled."""
        sweep = asyncio.create_task(self._sweep(), name="deadlines")
        try:
            while True:
                if self._producer is None:
                    await self._connect()
                await self._wake.wait()
                self._wake.clear()
                await self._send_due()
                if self._broken:
                    await self._drop()
        finally:
            sweep.cancel()
            # whoever runs it again begins with a connection of its own
            self._failed()

    async def _send_due(self) -> None:
        # a request may open another batcher meanwhile
        for batcher in tuple(self._batchers.values()):
            while not self._broken and self._producer is not None:
                due = batcher.due(time.monotonic())
                if due is None:
                    break
                if due:
                    self._later(due)
                    break
                try:
                    await batcher.send(self._producer)
                except KafkaError as error:
                    logline.warning("cannot send", error=repr(error))

    def _later(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._wake.set)

    async def _sweep(self) -> None:
        while True:
            await self._next_sweep()
            now = time.monotonic()
            for batcher in self._batchers.values():
                batcher.expire(now)
            self._silent = self._silence(now)
            self._tell()
            if self._work.is_set():
                self._wake.set()

    async def _next_sweep(self) -> None:
        """Soon while anything has a deadline; a request ends the longer wait."""
        if all(batcher.idle for batcher in self._batchers.values()):
            self._work.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._work.wait(), _IDLE_SWEEP)
        if self._work.is_set():
            await asyncio.sleep(_SWEEP)

    def _follow_topics(self, cluster: ClusterMetadata) -> None:
        """Spread the records over partitions that were added meanwhile; called at each news."""
        for batcher in self._batchers.values():
            partitions = cluster.partitions_for_topic(batcher.topic)
            if partitions and partitions != batcher.partitions:
                batcher.spread(partitions)

    def _tell(self) -> None:
        away = self._silent > _SILENT
        if away != self._away:
            self._away = away
            (self._waits.hold if away else self._waits.release)(self)
            word = "Kafka does not answer" if away else "Kafka answers again"
            logline.warning(word, bootstrap=str(self._brokers))

    async def _connect(self) -> None:
        pause = 0.1
        while self._producer is None:
            try:
                self._producer = await self._connected()
            except (KafkaError, OSError, TimeoutError) as error:
                logline.warning("Kafka is away", bootstrap=str(self._brokers), error=repr(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
        self._broken = False
        self._silent = 0.0
        self.connected.set()
        self._wake.set()
        logline.info("Kafka is there", bootstrap=str(self._brokers))

    async def _connected(self) -> AIOKafkaProducer:
        await ensure_topics(self._brokers, self._scenario, self._kept)
        producer = AIOKafkaProducer(
            **self._brokers.arguments(),
            client_id=f"{self._scenario}-producer",
            acks="all",
            enable_idempotence=True,
            max_batch_size=1_000_000,
            request_timeout_ms=8_000,
            metadata_max_age_ms=_METADATA_AGE_MS,
        )
        try:
            await producer.start()
            for batcher in self._batchers.values():
                batcher.connected(await producer.partitions_for(batcher.topic))
            producer.client.cluster.add_listener(self._follow_topics)
        except BaseException:
            await _stop(producer, 1.0)
            raise
        return producer

    async def _drop(self) -> None:
        producer, self._producer = self._producer, None
        self._lost_at = time.monotonic()
        if producer is not None:
            await _stop(producer, 1.0)

    async def close(self) -> None:
        """Let what is under way arrive (some seconds at most), then disconnect."""
        until = time.monotonic() + _CLOSE
        while time.monotonic() < until and not all(
            batcher.idle for batcher in self._batchers.values()
        ):
            await asyncio.sleep(0.02)

    async def disconnect(self) -> None:
        """Close the connection, whatever is under way."""
        await self._drop()


async def _stop(producer: AIOKafkaProducer, seconds: float) -> None:
    """Stop a producer that may wait for an absent broker for ever."""
    try:
        await asyncio.wait_for(producer.stop(), seconds)
    except (TimeoutError, KafkaError, OSError):
        with contextlib.suppress(Exception):
            await producer.client.close()


@contextlib.asynccontextmanager
async def publishing(
    settings: Settings, scenario: str, lifecycle: Lifecycle
) -> AsyncIterator[Publisher]:
    """A running publisher. Readiness begins with its first connection.

    It does not end with an outage of Kafka: that is common to all replicas, and the service
    itself says better than a balancer what is wrong.
    """
    async with watching(settings, scenario) as admission:
        publisher = Publisher(
            settings.kafka, scenario, admission=admission, kept=settings.topic_bytes
        )
        async with _running(publisher, settings, lifecycle):
            yield publisher


@contextlib.asynccontextmanager
async def _running(
    publisher: Publisher, settings: Settings, lifecycle: Lifecycle
) -> AsyncIterator[None]:
    gate = lifecycle.gate("kafka")
    gate.shut(f"no connection to {settings.kafka} yet")

    async def opened() -> None:
        await publisher.connected.wait()
        gate.open()

    tasks = [run_beside(publisher.run, "publisher"), asyncio.create_task(opened())]
    try:
        yield
        await publisher.close()
    finally:
        await end(tasks)
        await publisher.disconnect()
