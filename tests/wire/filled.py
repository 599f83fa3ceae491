"""A scenario whose documents are stored and counted, for audits."""

from __future__ import annotations

import pytest

from services.consumer.counting import Counting
from services.consumer.prepared import PreparedBatch
from tests.consumer.rig import Rig
from wire import keys
from wire.bookkeeping import Auditor

EVENTS = 5_000


class Filled:
    """A scenario whose first partition was handled up to the last record."""

    def __init__(self, rig: Rig, topic_id: str) -> None:
        self.rig = rig
        self.logs = keys.logs_collection(rig.name)
        self.tp = keys.partition_id(topic_id, 0)
        group = keys.consumer_group(rig.name)
        self.field = keys.committed_field(group, rig.topic, topic_id, 0)
        self.handled = 0

    async def handle(self, count: int) -> None:
        """Produces, stores and counts so many events more."""
        batch = self.rig.producer.create_batch()
        for _ in range(count):
            batch.append(key=None, value=b"{}", timestamp=None)
        await (await self.rig.producer.send_batch(batch, self.rig.topic, partition=0))
        offsets = range(self.handled, self.handled + count)
        documents = [
            {"_id": keys.document_id(self.tp, offset), "tp": self.tp, "o": offset}
            for offset in offsets
        ]
        await self.rig.documents.insert(self.logs, documents)
        prepared = PreparedBatch(self.tp, self.handled - 1, offsets[-1])
        prepared.totals["counted"] = count
        counting = Counting(self.rig.redis, self.rig.name)
        (verdict,) = await counting.count([(self.field, prepared)])
        assert verdict.counted
        self.handled += count

    def auditor(self) -> Auditor:
        """An auditor that has seen nothing yet."""
        rig = self.rig
        return Auditor(rig.name, rig.redis, rig.account, rig.documents, exact=True)


@pytest.fixture
async def filled(bands: Rig) -> Filled:
    """One with so many events."""
    made = Filled(bands, (await bands.offsets.topic(bands.topic)).id)
    await made.rig.documents.ensure_indexes(bands.name)
    await made.handle(EVENTS)
    return made
