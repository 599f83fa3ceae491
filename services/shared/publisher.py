"""One idempotent Kafka producer for a whole process, shared by all requests."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError

from services.shared import golden, logline
from services.shared.beside import run_beside
from services.shared.busy import waits_for
from services.shared.lane import Entry, Lane, Unavailable, jobs_of
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from services.shared.valve import Valve, watching
from wire import keys, problems
from wire.ending import end
from wire.kafka import Brokers, brokers_of
from wire.topics import ensure_topics

__all__ = ["DEADLINE", "MAX_WAITING", "Entry", "Publisher", "Unavailable", "publishing"]

DEADLINE = 10.0
"""Seconds that a request waits for Kafka; longer than a broker's restart takes."""
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
        valve: Valve | None = None,
        kept: int = 0,
    ) -> None:
        self.connected = asyncio.Event()
        self._brokers = brokers_of(bootstrap)
        self._scenario = scenario
        self._deadline = deadline
        self._valve = valve
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
        self._lanes = {
            topic: Lane(topic, traffic, self._waits, self._failed, self._wake.set)
            for topic in topics
        }
        self._bytes = 0
        self._broken = False
        self._away = False

    async def publish(self, topic: str, entries: Sequence[Entry], slot: int | None = None) -> None:
        """Send the records to a topic of the scenario, spread over all its partitions, or to
        the one that stands at `slot`.

        Returns when Kafka has acknowledged them all; raises Unavailable when the valve is shut,
        the buffer is full, Kafka has been away for long, or the deadline passes. Records may be
        on Kafka after that error too, like after any answer that was lost.
        """
        if not entries:
            return
        now = time.monotonic()
        self._admit(len(entries))
        lane = self._lanes[topic] if slot is None else self._bound(topic, slot)
        jobs = jobs_of(entries, now + self._deadline)
        size = sum([job.bytes for job in jobs])
        if self._bytes and self._bytes + size > MAX_WAITING_BYTES:
            raise Unavailable(f"{self._bytes} bytes already wait for Kafka", problem=problems.BUSY)
        self._bytes += size
        try:
            for job in jobs:
                lane.add(job)
            self._wake.set()
            self._work.set()
            if len(jobs) == 1:
                await jobs[0].done
            else:
                await asyncio.gather(*(job.done for job in jobs))
        finally:
            self._bytes -= size

    def _bound(self, topic: str, slot: int) -> Lane:
        """The lane of one partition; made where it is needed first."""
        name = f"{topic}/{slot}"
        if name not in self._lanes:
            lane = Lane(topic, self._traffic, self._waits, self._failed, self._wake.set, slot)
            lane.connected(self._lanes[topic].partitions)
            self._lanes[name] = lane
        return self._lanes[name]

    def _admit(self, records: int) -> None:
        if self._valve is not None:
            self._valve.check()
        waiting = records
        for lane in self._lanes.values():
            waiting += lane.waiting
        if waiting > MAX_WAITING:
            reason = f"{waiting - records} events already wait for Kafka"
            raise Unavailable(reason, problem=problems.BUSY)
        if self._silent > self._deadline:
            raise Unavailable(f"Kafka has not answered for {self._silent:.0f} s")

    def _silence(self, now: float) -> float:
        if self._producer is None:
            return now - self._lost_at
        return max(lane.silence(now) for lane in self._lanes.values())

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
        # a request may open another lane meanwhile
        for lane in tuple(self._lanes.values()):
            while not self._broken and self._producer is not None:
                due = lane.due(time.monotonic())
                if due is None:
                    break
                if due:
                    self._later(due)
                    break
                try:
                    await lane.send(self._producer)
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
            for lane in self._lanes.values():
                lane.expire(now)
            self._silent = self._silence(now)
            self._tell()
            if self._work.is_set():
                self._wake.set()

    async def _next_sweep(self) -> None:
        """Soon while anything has a deadline; a request ends the longer wait."""
        if all(lane.idle for lane in self._lanes.values()):
            self._work.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._work.wait(), _IDLE_SWEEP)
        if self._work.is_set():
            await asyncio.sleep(_SWEEP)

    def _follow_topics(self, cluster: ClusterMetadata) -> None:
        """Spread the records over partitions that were added meanwhile; called at each news."""
        for lane in self._lanes.values():
            partitions = cluster.partitions_for_topic(lane.topic)
            if partitions and partitions != lane.partitions:
                lane.spread(partitions)

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
            for lane in self._lanes.values():
                lane.connected(await producer.partitions_for(lane.topic))
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
        while time.monotonic() < until and not all(lane.idle for lane in self._lanes.values()):
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
    async with watching(settings, scenario) as valve:
        publisher = Publisher(settings.kafka, scenario, valve=valve, kept=settings.topic_bytes)
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
