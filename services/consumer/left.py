"""Counts what a publisher that stores has stored and did not live to count.

Its log is nobody else's, so no one comes to it again. Each log is noted before its first document,
with a beat that rises while its publisher lives. One whose beat has stood still is looked at once:
what lies beyond its committed offset is counted. A publisher that was only held up finds it so, as
after a rebuild. Its clients were told nothing, so nothing acknowledged depends on it.
"""

from __future__ import annotations

import asyncio
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from scenarios.events import EventCodec
from scenarios.scenario import Scenario
from services.consumer.counting import Counting
from services.consumer.prepared import PreparedBatch
from services.shared import logline
from wire import keys
from wire.documents import Document, Documents, DocumentsError
from wire.ranges import WINDOW, Range

BEAT = 5.0
STILL = 20.0
"""Seconds without a beat after which a publisher is gone. Redis has to answer all the while."""


class Left:
    """The logs of all publishers of one scenario."""

    def __init__(
        self,
        scenario: Scenario,
        redis: Redis,
        documents: Documents,
        counting: Counting,
        beat: float = BEAT,
        still: float = STILL,
    ) -> None:
        self._scenario = scenario.name
        self._codec = EventCodec(scenario)
        self._where = (keys.logs_collection(scenario.name), keys.rejected_collection(scenario.name))
        self._key = f"{keys.queue_key(scenario.name, 'direct')}:begun"
        self._redis = redis
        self._documents = documents
        self._counting = counting
        self._beat, self._still = beat, still
        self._own: set[str] = set()
        self._seen: dict[str, tuple[str, float]] = {}
        """Log of somebody -> its beat, and since when it is that."""

    async def begin(self, topic: str, log: str) -> None:
        """A log of this process gets its first documents. Raises RedisError."""
        name = f"{topic} {log}"
        await self._redis.hset(self._key, name, str(time.time_ns()))
        self._own.add(name)

    def leave(self, topic: str, log: str) -> None:
        """This process writes there no more, and may not have counted all of it."""
        self._own.discard(f"{topic} {log}")

    async def run(self) -> None:
        """Beats and looks until cancelled; stores that do not answer are tried again."""
        while True:
            try:
                await self._look()
            except (RedisError, DocumentsError, OSError):
                # nobody could beat
                self._seen.clear()
            await asyncio.sleep(self._beat)

    async def _look(self) -> None:
        if self._own:
            await self._redis.hset(self._key, mapping=dict.fromkeys(self._own, time.time_ns()))
        now, seen = time.monotonic(), self._seen
        found = {
            str(name): str(beat) for name, beat in (await self._redis.hgetall(self._key)).items()
        }
        others = {name: beat for name, beat in found.items() if name not in self._own}
        known = {name: seen.get(name, ("", now)) for name in others}
        self._seen = {
            name: known[name] if known[name][0] == beat else (beat, now)
            for name, beat in others.items()
        }
        for name, (_, since) in self._seen.items():
            if now - since >= self._still:
                await self._count(*name.split(" "))
                await self._redis.hdel(self._key, name)

    async def _count(self, topic: str, log: str) -> None:
        field = keys.committed_field(keys.consumer_group(self._scenario), topic, log, 0)
        tp = keys.partition_id(log, 0)
        while True:
            (committed,) = await self._counting.committed_offsets([field])
            wanted = Range(tp, committed, committed + WINDOW)
            logs, rejected = [await self._documents.find(each, wanted) for each in self._where]
            if not logs and not rejected:
                return
            prepared = self._prepared(topic, tp, committed, logs, rejected)
            (verdict,) = await self._counting.count([(field, prepared)])
            if verdict.committed <= committed:
                return
            logline.warning(
                "stored by a publisher that is gone, and counted now", tp=tp, events=len(logs)
            )

    def _prepared(
        self,
        topic: str,
        tp: str,
        committed: int,
        logs: list[Document],
        rejected: list[Document],
    ) -> PreparedBatch:
        last = max(int(each["o"]) for each in (*logs, *rejected))
        prepared = PreparedBatch(tp, committed, last)
        for document in logs:
            self._codec.count(document, prepared.tallies)
        self._codec.trim(prepared.tallies)
        kept = sum("repeats" not in each for each in rejected)
        if topic == keys.rejected_topic(self._scenario):
            prepared.totals["refused"] = kept
            return prepared
        places = len({int(each["o"]) for each in (*logs, *rejected)})
        prepared.totals["counted"] = len(logs)
        prepared.totals["dead"] = kept
        prepared.totals["repeated"] = len(rejected) - kept
        prepared.totals["extra"] = len(logs) + len(rejected) - places
        # a store that died too may have taken some of them only
        prepared.totals["gaps"] = last - committed - places
        return prepared
