"""What comes onto the topics, good and bad, through a real consumer."""

from __future__ import annotations

import json

from aiokafka import AIOKafkaProducer

from tests.consumer.rig import Rig
from tests.waiting import until
from wire import keys
from wire.kafka import client_arguments
from wire.ranges import Range
from wire.record import encode_rejected

MATCH = {"team1": "Guatemala", "team2": "Argentina", "score": "2-5", "phase": 1}


async def test_foreign_values_are_counted_and_poison_is_kept(worldcup: Rig) -> None:
    service = await worldcup.consumer()
    turned = {"Team1": "Argentina", "Team2": "Guatemala", "Score": "5-2", "Phase": "1"}
    await worldcup.send(json.dumps(MATCH).encode() + b"\n")
    await worldcup.send(json.dumps(turned).encode())
    await worldcup.send(json.dumps({"lista": [MATCH, turned, MATCH]}).encode())
    for poison in (b"\xff", b"", b"[1", json.dumps({**MATCH, "phase": 9}).encode()):
        await worldcup.send(poison)
    await worldcup.send(json.dumps(MATCH).encode())
    books = await worldcup.settled(8)
    assert books.closed
    assert (books.kafka, books.counted, books.stored, books.rejected) == (8, 6, 6, 4)
    scores = await worldcup.tallies(["Argentina:Guatemala:1"])
    assert scores == {"Argentina:Guatemala:1": {"5-2": "6"}}
    topic_id = (await worldcup.offsets.topic(worldcup.topic)).id
    kept = await worldcup.documents.find(
        keys.rejected_collection(worldcup.name), Range(f"{topic_id}:0", -1, 7)
    )
    assert [each["o"] for each in kept] == [3, 4, 5, 6]
    assert kept[-1]["reason"][0]["field"] == "phase"
    assert service.process.returncode is None
    assert await service.metric("controlroom_handled_total") == 6 + 4 + 2
    assert await service.metric("controlroom_queue_time_ms_count") == 6
    assert await service.metric("request_total") > 0


async def test_what_producers_refused_is_kept_with_their_reason(worldcup: Rig) -> None:
    await worldcup.consumer()
    topic = keys.rejected_topic(worldcup.name)
    reason = [{"field": "score", "message": "is missing"}]
    await worldcup.send(encode_rejected("{}", reason, "grpc"), topic=topic)

    async def rejected() -> int:
        return (await worldcup.books()).rejected

    assert await until(rejected, "a rejected record that is counted") == 1
    books = await worldcup.books()
    assert (books.kafka, books.counted, books.closed) == (0, 0, True)
    topic_id = (await worldcup.offsets.topic(topic)).id
    kept = await worldcup.documents.find(
        keys.rejected_collection(worldcup.name), Range(f"{topic_id}:0", -1, 0)
    )
    assert [(each["reason"], each["origin"], each["value"]) for each in kept] == [
        (reason, "grpc", "{}")
    ]


async def test_marks_of_transactions_are_no_loss(worldcup: Rig) -> None:
    await worldcup.consumer()
    producer = AIOKafkaProducer(
        **client_arguments(worldcup.engines.kafka), transactional_id=worldcup.name
    )
    await producer.start()
    try:
        for _ in range(2):
            async with producer.transaction():
                value = json.dumps(MATCH).encode()
                await producer.send_and_wait(worldcup.topic, value, partition=0)
    finally:
        await producer.stop()

    async def closed() -> bool:
        books = await worldcup.books()
        return books.counted == 2 and books.closed

    await until(closed, "closed books after two transactions")
    assert (await worldcup.books()).kafka == 2
