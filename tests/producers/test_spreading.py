"""Partitions that are added under a running producer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
from aiokafka.admin import NewPartitions
from aiokafka.errors import KafkaError

from services.shared.dedup import slot_of
from tests.conftest import Engines
from tests.producers.running import MakeScenario, producers
from tests.producers.test_http import GOOD
from tests.topics import topics_admin
from tests.waiting import until
from wire.keys import PARTITIONS, events_topic
from wire.topics import OffsetReader

WIDER = PARTITIONS + 2
EVENT = GOOD["bands"]


async def test_added_partitions_get_records_and_given_ids_stay_where_they_were(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    async with (
        producers(engines, make_scenario("bands"), tmp_path) as cast,
        topics_admin(engines.kafka) as admin,
        OffsetReader(engines.kafka) as reader,
        httpx.AsyncClient() as client,
    ):
        service = await cast.start("services.producer_http")
        topic, sent = events_topic(cast.name), 0

        async def send(**headers: str) -> None:
            nonlocal sent
            answer = await client.post(service.url("/input"), json=EVENT, headers=headers)
            assert answer.status_code == 201
            sent += 1

        async def reached() -> bool:
            await send()
            try:
                ends = await reader.end_offsets(topic)
            except KafkaError:  # a partition that was just made has no leader yet
                return False
            return all(ends.get(each) for each in range(WIDER))

        given = [f"id-{number}" for number in range(3 * PARTITIONS)]
        for each in given:
            await send(**{"Idempotency-Key": each})
        await admin.create_partitions({topic: NewPartitions(WIDER)})
        await until(reached, "a record in every partition", timeout=30, every=0.01)
        for each in given:
            await send(**{"Idempotency-Key": each})
        records = await cast.events(sent)
    named = [(dict(record.headers)["id"].decode(), record.partition) for record in records]
    kept = Counter(each for each in named if each[0] in given)
    assert kept == {(each, slot_of(each.encode())): 2 for each in given}
