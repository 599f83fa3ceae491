"""Whatever breaks between and on the two sides: every event once."""

from __future__ import annotations

import httpx

from tests.bridge.rig import Bridge
from tests.consumer.rig import Rig
from tests.ports import free_port
from tests.waiting import until
from wire.committed import read_committed
from wire.queues.kafka.books import KafkaBooks

EVENTS = 8_000


async def counted(rig: Rig) -> int:
    """Events counted so far."""
    return (await read_committed(rig.redis, rig.name)).totals.counted


async def exact(rig: Rig, events: list[dict[str, object]], timeout: float = 60.0) -> KafkaBooks:
    """The books once all is handled; they close, and the tallies are those of the events."""
    books = await rig.settled(len(events), patience=timeout)
    assert books.closed
    assert books.kafka == books.counted == books.stored == len(events)
    wanted = rig.tallied(events)
    assert await rig.tallies(wanted) == wanted
    return books


async def test_events_cross_and_both_sides_tell_of_it(across: Bridge) -> None:
    rig = across.rig
    events = rig.events(EVENTS)
    await rig.produce(events)
    await rig.send(b"no event")
    books = await rig.settled(EVENTS + 1)
    assert books.closed
    assert (books.counted, books.rejected) == (EVENTS, 1)
    assert await across.server.metric("controlroom_queue_time_ms_count") == EVENTS
    assert await across.server.metric("controlroom_handled_total") == EVENTS + 1
    for service, direction in ((across.client, "outbound"), (across.server, "inbound")):
        answer = await service.get("/metrics")
        assert answer is not None
        assert "response_total{" in answer.text
        assert f'direction="{direction}"' in answer.text

    async def caught_up() -> bool:
        answer = await across.worker.get("/metrics")
        return answer is not None and "controlroom_lag_records{" in answer.text

    await until(caught_up, "a worker that tells its lag")
    assert await across.server.metric("controlroom_lag_records") == 0


async def test_a_cut_link_loses_nothing_and_stops_the_reading(across: Bridge) -> None:
    rig = across.rig
    events = rig.events(EVENTS)
    await rig.produce(events[: EVENTS // 2])
    await across.link.cut()
    await rig.produce(events[EVENTS // 2 :], first=EVENTS // 2)
    await until(across.open, "a breaker that is open")
    for service in (across.worker, across.client):
        answer = await service.get("/livez")
        assert answer is not None
        assert answer.status_code == 200, "what waits is not stuck"
    before = await counted(rig)
    assert before < EVENTS
    await across.link.mend()
    await exact(rig, events)
    await until(across.ready, "a bridge that is ready again")


async def test_a_remote_store_that_is_away_is_waited_for(across: Bridge) -> None:
    rig = across.rig
    events = rig.events(EVENTS)
    await rig.produce(events[: EVENTS // 2])
    await across.store.cut()
    await rig.produce(events[EVENTS // 2 :], first=EVENTS // 2)

    async def told() -> bool:
        answer = await across.worker.get("/readyz")
        return answer is not None and "a store does not answer" in answer.text

    await until(told, "a worker that knows why")
    await across.store.mend()
    await exact(rig, events)
    await until(across.ready, "a bridge that is ready again")


async def test_an_answer_that_gets_lost_is_not_counted_twice(across: Bridge) -> None:
    rig = across.rig
    events = rig.events(EVENTS)
    await rig.produce(events[: EVENTS // 2])
    await across.link.black_hole()
    await rig.produce(events[EVENTS // 2 :], first=EVENTS // 2)

    async def unready() -> bool:
        return not await across.worker.ready()

    await until(unready, "a worker that hears nothing", timeout=30)
    await across.link.fill_hole()
    await exact(rig, events)


async def test_each_process_is_killed_in_the_middle_of_its_work(across: Bridge) -> None:
    rig = across.rig
    events = rig.events(3 * EVENTS)
    await across.link.slow()
    for number, part in enumerate(("server", "client", "worker")):
        first, last = number * EVENTS, (number + 1) * EVENTS
        before = await counted(rig)
        await rig.produce(events[first:last], first=first)

        async def busy(low: int = before, high: int = last) -> bool:
            return low < await counted(rig) < high

        await until(busy, "a bridge in the middle of its work", every=0.005)
        await across.again(part)
    await across.link.fast()
    await exact(rig, events)


async def test_the_count_of_producers_crosses_too(across: Bridge) -> None:
    """Producers of a cluster without Redis only keep their ledgers."""
    rig = across.rig
    port = free_port()
    given = {"REDIS_URL": "", "HTTP_PORT": str(port), "LEDGER_DIR": str(across.acknowledged)}
    producer = await rig.start("services.producer_http", "producer-0", given)
    await until(producer.ready, "a producer that is ready")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.post("/input", json=rig.events(400))
        assert answer.status_code == 201
    producer.kill()
    await producer.process.wait()

    async def closed() -> KafkaBooks | None:
        books = await rig.books()
        return books if books.closed and books.acknowledged else None

    books = await until(closed, "books that close", every=0.2)
    assert books.acknowledged == books.kafka == books.counted == books.stored == 400


async def test_the_reader_of_a_cluster_without_kafka(across: Bridge) -> None:
    rig = across.rig
    await rig.produce(rig.events(100))
    await rig.settled(100)
    reader, address = await rig.reader(KAFKA_BOOTSTRAP="")
    await until(reader.ready, "a reader that is ready")
    async with httpx.AsyncClient(base_url=address) as client:
        answers = {path: await client.get(path) for path in ("/logs?last=5", "/total", "/books")}
    assert {path: answer.status_code for path, answer in answers.items()} == {
        "/logs?last=5": 200,
        "/total": 200,
        "/books": 503,
    }


async def test_it_stops_at_once_while_the_link_is_cut(across: Bridge) -> None:
    await across.link.cut()
    await across.rig.produce(across.rig.events(500))
    await until(across.open, "a breaker that is open")
    assert await across.worker.stop() == 0
    assert await across.client.stop() == 0
    assert await across.server.stop() == 0
