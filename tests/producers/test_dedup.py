"""Keys that clients give, on every road onto a real Kafka."""

from __future__ import annotations

from typing import Any

import grpc
import httpx
import pytest

from scenarios.loading import load
from services.pb import controlroom_pb2 as pb
from services.pb import controlroom_pb2_grpc as pb_grpc
from services.shared.dedup import Dedup, Uses, slot_of
from services.shared.ids import MAX_ID
from tests.ports import free_port
from tests.producers.running import Producers, trailing
from tests.producers.test_grpc import ROUTES, unary
from tests.producers.test_http import GOOD
from wire.keys import PARTITIONS

EVENT = GOOD["bands"]
OTHER = {**EVENT, "rank": 1}


def placed(records: list[Any]) -> dict[str, set[tuple[int, bytes | None]]]:
    """Id -> partitions of its records, each with its mark of a given id."""
    found: dict[str, set[tuple[int, bytes | None]]] = {}
    for record in records:
        named = dict(record.headers)
        where = (record.partition, named.get("once"))
        found.setdefault(named["id"].decode(), set()).add(where)
    return found


async def test_the_same_id_goes_to_the_same_partition_by_every_replica(cast: Producers) -> None:
    replicas = [await cast.start("services.producer_http") for _ in range(2)]
    async with httpx.AsyncClient() as client:
        for replica in replicas:
            url = replica.url("/input")
            for number in range(PARTITIONS):
                key = {"Idempotency-Key": f"single-{number}"}
                assert (await client.post(url, json=EVENT, headers=key)).status_code == 201
            body, key = [EVENT] * 30, {"Idempotency-Key": "list"}
            assert (await client.post(url, json=body, headers=key)).status_code == 201
            assert (await client.post(url, json=EVENT)).status_code == 201
    records = placed(await cast.events(2 * (PARTITIONS + 30 + 1)))
    given = {*(f"single-{n}" for n in range(PARTITIONS)), *(f"list.{n}" for n in range(30))}
    assert given < set(records)
    assert all(records[each] == {(slot_of(each.encode()), b"1")} for each in given)
    assert len({partition for each in given for partition, _ in records[each]}) > PARTITIONS // 2
    made = set(records) - given
    assert len(made) == 2
    assert all(mark is None for each in made for _, mark in records[each])


async def test_a_key_of_another_event_is_refused_by_its_code(cast: Producers) -> None:
    port = str(free_port())
    await cast.start("services.producer_grpc.server", GRPC_PORT=port)
    front = await cast.start("services.producer_grpc.front", GRPC_SERVER_PORT=port)
    plain = await cast.start("services.producer_http")
    scenario = load(cast.scenario)
    async with httpx.AsyncClient() as client:
        for url in (plain.url(scenario.http.paths[0]), front.url(scenario.grpc_front.paths[0])):
            key = {"Idempotency-Key": url}
            assert (await client.post(url, json=EVENT, headers=key)).status_code == 201
            assert (await client.post(url, json=EVENT, headers=key)).status_code == 201
            reused = await client.post(url, json=OTHER, headers=key)
            assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")
            long = await client.post(url, json=[EVENT], headers={"x-event-id": "x" * MAX_ID})
            assert (long.status_code, long.json()["code"]) == (400, "bad_id")
    await cast.events(4)
    assert len(await cast.rejected(2)) == 2


async def test_grpc_takes_ids_from_its_field_and_from_metadata(cast: Producers) -> None:
    service = await cast.start("services.producer_grpc.server")
    fields = {name: pb.Value(text=str(value)) for name, value in EVENT.items()}
    event, named = pb.Event(fields=fields), pb.Event(id="own", fields=fields)
    key = (("idempotency-key", "call"),)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.env['GRPC_PORT']}") as channel:
        ingest: Any = pb_grpc.IngestStub(channel)
        await ingest.Send(event, metadata=key)
        await ingest.Send(named)
        await ingest.SendBatch(
            pb.Batch(events=[event, named]), metadata=(("idempotency-key", "lot"),)
        )
        await ingest.SendStream(iter([event, event]), metadata=(("idempotency-key", "flow"),))
        method, request, reply = ROUTES["bands"][0]
        await unary(channel, method, type(reply))(request, metadata=(("idempotency-key", "old"),))
        for metadata, sent, code in (
            (key, pb.Event(fields={**fields, "rank": pb.Value(number=1)}), "key_reused"),
            ((("idempotency-key", "x" * 200),), event, "bad_id"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await ingest.Send(sent, metadata=metadata)
            assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert trailing(caught.value)["code"] == code
    records = placed(await cast.events(7))
    assert set(records) == {"call", "own", "lot.0", "flow.0", "flow.1", "old"}
    assert all(where == {(slot_of(each.encode()), b"1")} for each, where in records.items())


def test_uses_are_forgotten_by_time_and_number() -> None:
    now = 0.0
    uses = Uses(Dedup(seconds=10, most=3), lambda: now)
    assert uses.fits("a", b"1")
    assert not uses.fits("a", b"2")
    assert uses.fits("a", b"1")
    now = 11.0
    assert uses.fits("a", b"2")
    assert all(uses.fits(each, b"1") for each in "bcd")
    assert uses.fits("a", b"3")
    assert not uses.fits("d", b"2")
