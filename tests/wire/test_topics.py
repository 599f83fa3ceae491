"""Topics, ids, offsets and groups, on a real broker."""

from __future__ import annotations

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, UnknownTopicOrPartitionError

from tests.consumer.rig import Rig, delete_topics
from tests.ports import free_port
from wire import keys
from wire.topics import OffsetReader, ensure_topics


async def test_topics_are_made_once_with_all_their_partitions(bands: Rig) -> None:
    before = await bands.offsets.topic(bands.topic)
    await ensure_topics(bands.engines.kafka, bands.name)
    assert await bands.offsets.topic(bands.topic) == before
    assert sorted(before.leaders) == list(range(keys.PARTITIONS))


async def test_a_topic_made_anew_has_another_id(bands: Rig) -> None:
    before = (await bands.offsets.topic(bands.topic)).id
    await delete_topics(bands, [bands.topic])
    with pytest.raises(UnknownTopicOrPartitionError):
        await bands.offsets.topic(bands.topic)
    await ensure_topics(bands.engines.kafka, bands.name)
    async with OffsetReader(bands.engines.kafka) as reader:
        assert (await reader.topic(bands.topic)).id != before


async def test_offsets_and_lag_of_a_group_that_never_committed(bands: Rig) -> None:
    await bands.produce([{"name": "a"}] * 700)
    ends = await bands.offsets.end_offsets(bands.topic)
    assert (ends[0], ends[1], sum(ends.values())) == (500, 200, 700)
    assert set((await bands.offsets.beginning_offsets(bands.topic)).values()) == {0}
    group = keys.consumer_group(bands.name)
    assert await bands.offsets.lag(group, bands.topic) == ends
    assert await bands.offsets.members(group) == []


async def test_a_broker_that_is_away_is_an_error_and_not_the_end() -> None:
    reader = OffsetReader(f"127.0.0.1:{free_port()}", timeout=1.0)
    for _ in range(2):
        with pytest.raises(KafkaConnectionError) as raised:
            await reader.topic("any")
        assert isinstance(raised.value, KafkaError)
    await reader.close()
