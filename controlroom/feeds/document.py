"""One stored document in full, with its neighbours in its partition and its record in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controlroom.feeds.both_stores import BothStores
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.model.document import Stored, StoredRecord
from controlroom.targets.abilities import Refused
from scenarios.scenario import QUEUE, Scenario
from wire.keys import events_topic, logs_collection

if TYPE_CHECKING:
    from wire.committed import Committed

RECORD_PATIENCE = 4.0
"""Seconds that Kafka has for one record; without it the document is shown all the same."""
GAP = 2_000
"""Offsets that are looked through for a neighbour: there are offsets without a document."""


class DocumentSource(BothStores):
    """Documents of a scenario by their places."""

    name = "log"
    period = 0.0
    timeout = 10.0
    needs: tuple[str, ...] = (
        "wire.documents", "wire.committed", "wire.stores", "wire.topics", "wire.reading",
    )  # fmt: skip

    def __init__(self, endpoints: LiveEndpoints, scenario: Scenario) -> None:
        super().__init__(endpoints)
        self._scenario = scenario
        self._collection = logs_collection(scenario.name)
        self.wanted: tuple[int, int, float] = (0, 0, 0.0)
        """Partition, offset, and when it was stored (seconds), which tells lives of a partition
        apart."""
        self.step = 0
        """-1 or 1: the one before or after is meant."""

    async def read(self) -> Stored:
        """The document. Raises Refused where it is not there any more."""
        from wire.committed import read_committed

        assert self._redis is not None
        committed = await read_committed(self._redis, self._scenario.name)
        partition, offset, stored = self.wanted
        if self.step:
            found = await self._beside(committed, self.step)
        else:
            found = await self._at(committed, partition, offset, stored)
        if found is None:
            where = "at that place" if not self.step else "in that direction"
            raise Refused(f"No document is stored {where}.", "It may have been purged.")
        self.step, self.wanted = 0, (_partition(found), int(found["o"]), found["stored"] / 1000)
        return Stored(found, await self._record(committed, found))

    async def _at(
        self, committed: Committed, partition: int, offset: int, stored: float
    ) -> Mapping[str, Any] | None:
        from wire.ranges import Range

        assert self._documents is not None
        places = [
            Range(each.tp, offset - 1, offset)
            for each in committed.ranges()
            if each.tp.rpartition(":")[2] == str(partition)
        ]
        found = [
            document
            for part in await self._documents.find_each(self._collection, places)
            for document in part
        ]
        return min(found, key=lambda each: abs(each["stored"] / 1000 - stored), default=None)

    async def _beside(self, committed: Committed, step: int) -> Mapping[str, Any] | None:
        from wire.ranges import Range

        assert self._documents is not None
        partition, offset, stored = self.wanted
        here = await self._at(committed, partition, offset, stored)
        if here is None:
            return None
        tp = here["tp"]
        place = Range(tp, offset, offset + GAP)
        if step < 0:
            place = Range(tp, max(-1, offset - GAP - 1), offset - 1)
            found = await self._documents.newest_of(self._collection, place, 1)
        else:
            found = await self._documents.first(self._collection, place, 1, {})
        return found[0] if found else None

    async def _record(self, committed: Committed, found: Mapping[str, Any]) -> StoredRecord | str:
        """Its record in Kafka, or why there is none to show."""
        queue = committed.sides.get(found["tp"], "") or self._scenario.queues[0]
        if queue != QUEUE:
            return f"its queue is {queue}, which keeps no record that could be read again"
        try:
            async with asyncio.timeout(RECORD_PATIENCE):
                return await self._read_record(_partition(found), int(found["o"]))
        except TimeoutError:
            return "Kafka did not give its record in time"
        except Exception as error:
            return f"Kafka did not give its record: {type(error).__name__}"

    async def _read_record(self, partition: int, offset: int) -> StoredRecord | str:
        from aiokafka import TopicPartition

        from wire.kafka import brokers_of
        from wire.reading import open_reader

        endpoints = await self._endpoints.endpoints()
        if endpoints.brokers:
            return "its record cannot be read from here: the brokers are behind forwarded ports"
        place = TopicPartition(events_topic(self._scenario.name), partition)
        reader = open_reader(
            **brokers_of(endpoints.address(QUEUE)).arguments(), enable_auto_commit=False
        )
        await reader.start()
        try:
            reader.assign([place])
            first = (await reader.beginning_offsets([place]))[place]
            if offset < first:
                return f"Kafka keeps offsets from {first:,} on: its record is gone"
            reader.seek(place, offset)
            record = await reader.getone(place)
        finally:
            await reader.stop()
        if record.offset != offset:
            return "Kafka has no record at that offset any more"
        return StoredRecord(
            record.timestamp / 1000,
            "append" if record.timestamp_type == 1 else "create",
            len(record.value or b""),
            tuple((name, value.decode(errors="replace")) for name, value in record.headers),
            bytes(record.key or b"").decode(errors="replace"),
        )


def _partition(document: Mapping[str, Any]) -> int:
    return int(document["tp"].rpartition(":")[2])
