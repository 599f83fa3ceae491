"""A broker that answers and does not give out a partition: that is said, and the rest goes on."""

from __future__ import annotations

import json
import struct
import time

import pytest

from tests.consumer.raw import altering, batch, produce
from tests.consumer.rig import Rig, Service
from tests.waiting import until

VOTE = {"name": "Caifanes", "album": "El Silencio", "year": 1992, "rank": 4}
MANY = 777
"""Records of the refused partition; its number and these are how an answer about it is known."""
REFUSED = 3


def answer(code: int) -> bytes:
    """How the part of an answer begins that is about the refused partition, in every version that
    is asked for: number, error, end, last stable offset."""
    return struct.pack(">ihqq", REFUSED, code, MANY, MANY)


async def told(service: Service) -> str:
    """Why a service is not ready; empty while it is."""
    found = await service.get("/readyz")
    return "" if found is None or found.status_code == 200 else found.text


@pytest.mark.parametrize(
    ("code", "error"),
    [(56, "KafkaStorageError (56)"), (29, "TopicAuthorizationFailedError (29)")],
)
async def test_a_partition_that_is_not_given_out_is_told(bands: Rig, code: int, error: str) -> None:
    values = [json.dumps({**VOTE, "rank": n % 5 + 1}).encode() for n in range(MANY)]
    # as old as 1970 they would soon be dropped
    made = batch(values, at=time.time_ns() // 1_000_000)
    await produce(bands.engines.kafka, bands.topic, [made], REFUSED)
    await bands.produce(bands.events(1_000), partitions=2)
    async with altering(bands.engines.kafka) as link:
        link.changes[answer(0)] = answer(code)
        service = await bands.consumer(KAFKA_BOOTSTRAP=link.address)

        async def said() -> bool:
            return f"{bands.topic}:{REFUSED}: {error}" in await told(service)

        await until(said, "a consumer that says which partition stands still", 60)
        assert await service.metric("controlroom_refused_partitions") == 1

        async def others() -> bool:
            books = await bands.books()
            return (books.counted, books.in_flight) == (1_000, MANY)

        await until(others, "the other partitions are counted", 60, every=0.5)
        assert service.log.read_text().count("does not give out partitions") == 1
        del link.changes[answer(0)]
        books = await bands.settled(1_000 + MANY)
        assert books.closed
        await until(service.ready, "a consumer that is ready again", 60)
        assert await service.metric("controlroom_refused_partitions") == 0
        assert "all partitions are given out again" in service.log.read_text()
