"""Polling and streams of the reader, and the routes of existing read APIs."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from tests.conftest import Engines
from tests.consumer.rig import Rig
from tests.reader.test_routes import client_of
from wire import keys

MANY = 5_000_000


def events_of(rig: Rig) -> list[dict[str, str | int]]:
    """Predictions of two matches, one of them written from either side."""
    made: list[dict[str, str | int]] = []
    for score, count in (("2-5", 3), ("1-3", 2)):
        made += [{"team1": "Guatemala", "team2": "Argentina", "score": score, "phase": 1}] * count
    made += [{"team1": "Francia", "team2": "Marruecos", "score": "2-0", "phase": 3}]
    return made


@pytest.fixture
async def cup(worldcup: Rig) -> Rig:
    """Six predictions, settled."""
    await worldcup.consumer()
    await worldcup.produce(events_of(worldcup))
    await worldcup.settled(6)
    return worldcup


async def test_the_routes_of_three_implementations(cup: Rig) -> None:
    async with await client_of(cup) as client:
        for prefix in ("", "/output"):
            assert (await client.get(f"{prefix}/getTotalMongo")).json() == {"Total": 6}
        events = (await client.get("/getLogsMongo")).json()
        order = sorted(map(json.dumps, events_of(cup)))
        assert sorted(map(json.dumps, events)) == order
        assert sorted(map(json.dumps, (await client.get("/get-all-mongo")).json())) == order
        match, other = "Argentina:Guatemala", "Francia:Marruecos"
        assert (await client.get("/getDataFases")).json() == {
            "Fase1": [match],
            "Fase2": [],
            "Fase3": [other],
            "Fase4": [],
        }
        shares = await client.get("/getDataPartidos", params={"key": f"{match}:1"})
        assert shares.json() == [{"Partido": "5-2", "Total": 60}, {"Partido": "3-1", "Total": 40}]
        for key in ("", "books", "acknowledged", f"{match}:9", f"{match}:1:total", "Fase:1"):
            assert (await client.get("/getDataPartidos", params={"key": key})).json() == []
        assert (await client.get("/get-all-redis")).json() == "PONG"

        assert (await client.post("/GetPaises")).json() == {
            "Codigo": 200,
            "Paises": {"Paises": ["Argentina-Guatemala", "Francia-Marruecos"]},
            "Resultado": "Todo correcto",
        }
        body = {"Pais": "Argentina-Guatemala", "Fase": 1}
        found = (await client.post("/GetPaisFase", json=body)).json()
        assert found["Resultado"] == "Estas soon las predicciones"
        assert found["Fase"]["Pais"] == "Argentina-Guatemala,1"
        votes = {each["Punteo"]: each["Votos"] for each in found["Fase"]["Predics"]}
        assert votes == {"5-2": 3, "3-1": 2}
        for absent in (b"", b"[", b"7", json.dumps(body | {"Fase": 2}).encode()):
            none = (await client.post("/GetPaisFase", content=absent)).json()
            assert none["Codigo"] == 201
            assert none["Fase"] == {"Pais": "", "Predics": None}
        logs = (await client.get("/obtenerLogs")).json()
        assert (logs["Codigo"], logs["Cantidad"], logs["Mensaje"]) == (200, 6, "")
        assert {each["phase"] for each in logs["Logs"]} == {"1", "3"}

        off = await client.get("/deleteLogs")
        assert (off.status_code, off.json()["code"]) == (403, "purge_inside")
        paths = (await client.get("/openapi.json")).json()["paths"]
        assert {"/live/stream", "/getDataFases", "/GetPaises", "/get-all-mongo"} <= set(paths)
    bearer = {"authorization": "Bearer let-me"}
    async with await client_of(cup, PURGE_TOKEN="let-me") as client:
        inner = cup.services[-1].admin + "/deleteLogs"
        off = await client.get(inner, headers=bearer)
        assert (off.status_code, off.json()["code"]) == (405, "get_writes_off")
    async with await client_of(cup, COMPAT_GET_WRITES="1", PURGE_TOKEN="let-me") as client:
        inner = cup.services[-1].admin + "/deleteLogs"
        assert (await client.get("/deleteLogs")).status_code == 403
        assert (await client.get(inner)).status_code == 401
        assert (await client.get(inner, headers=bearer)).json() == "Listo"
        assert (await client.get("/getTotalMongo")).json() == {"Total": 0}


async def test_a_poll_is_304_until_something_changes(cup: Rig) -> None:
    async with await client_of(cup) as client:
        paths = ("/live", "/live?phase=3", "/logs", "/total", "/getDataFases", "/obtenerLogs")
        tags = {path: (await client.get(path)).headers["etag"] for path in paths}
        for path, tag in tags.items():
            same = await client.get(path, headers={"if-none-match": f'"x", {tag}'})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        await cup.produce(events_of(cup)[:1], first=6)
        await cup.settled(7)
        for path, tag in tags.items():
            changed = await client.get(path, headers={"if-none-match": tag})
            assert changed.status_code == 200
            assert changed.headers["etag"] != tag
        assert (await client.get("/live?phase=9", headers={"if-none-match": "x"})).is_client_error


async def frames(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, str]]:
    """The events of a stream; a comment is {"": text}."""
    frame: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, text = line.partition(": ")
            frame[name] = text
        elif frame:
            yield frame
            frame = {}


async def test_a_stream_tells_of_every_change_and_ends_at_the_drain(cup: Rig) -> None:
    settings = {"MAX_STREAMS": "1", "HEARTBEAT_SECONDS": "0.3", "DRAIN_SECONDS": "1"}
    async with await client_of(cup, **settings) as client:
        assert (await client.get("/live/stream?phase=9")).json()["code"] == "bad_query"
        async with client.stream("GET", "/live/stream", params={"phase": "1"}) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            told = frames(stream.aiter_lines())

            async def news(wanted: Callable[[dict[str, str]], bool]) -> dict[str, str]:
                async with asyncio.timeout(20):
                    return await anext(each async for each in told if wanted(each))

            first = await news(lambda frame: frame.get("event") == "tallies")
            assert json.loads(first["data"])["total"] == 6
            await news(lambda frame: "" in frame)
            surplus = await client.get("/live/stream")
            assert (surplus.status_code, surplus.json()["code"]) == (503, "too_many_streams")
            assert surplus.headers["retry-after"] == "1"
            await cup.produce(events_of(cup)[:1], first=6)
            second = await news(
                lambda frame: "event" in frame and json.loads(frame["data"])["total"] == 7
            )
            assert json.loads(second["data"])["bars"][0]["count"] == 4
            assert second["id"] != first["id"]
            cup.services[-1].process.send_signal(signal.SIGTERM)
            await news(lambda frame: frame.get("event") == "end")
        assert await cup.services[-1].stop() == 0


async def test_a_listener_that_left_gives_its_place_back(cup: Rig) -> None:
    async with await client_of(cup, MAX_STREAMS="1") as client:
        for _ in range(3):
            async with client.stream("GET", "/live/stream") as stream:
                assert stream.status_code == 200
                told = frames(stream.aiter_lines())
                frame = await anext(each async for each in told if "id" in each)
            known = {"last-event-id": frame["id"]}
            await asyncio.sleep(0.2)
        async with client.stream("GET", "/live/stream", headers=known) as stream:
            told = frames(stream.aiter_lines())
            comment = await anext(each async for each in told if "nothing new" in each.get("", ""))
            assert "event" not in comment


async def questions(url: str) -> int:
    """How many the document store has been asked, by whomever."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(url, directConnection=True)
    try:
        counted = (await client.admin.command("serverStatus"))["opcounters"]
    finally:
        client.close()
    return int(counted["query"] + counted["getmore"] + counted["command"])


async def test_answers_cost_the_same_at_five_million(worldcup: Rig, engines: Engines) -> None:
    """The stores as they are after MANY events, of which the newest are really there."""
    topic = (await worldcup.offsets.topic(worldcup.topic)).id
    name, event = worldcup.name, worldcup.events(1)[0]
    share = MANY // keys.PARTITIONS
    committed: dict[Any, Any] = {
        keys.committed_field(keys.consumer_group(name), worldcup.topic, topic, p): share - 1
        for p in range(keys.PARTITIONS)
    }
    documents = [
        {
            "_id": keys.document_id(keys.partition_id(topic, p), o),
            "tp": keys.partition_id(topic, p),
            "o": o,
            "id": f"{p}-{o}",
            "origin": "http",
            "at": o,
            "stored": o,
            "event": event,
        }
        for p in range(keys.PARTITIONS)
        for o in range(share - 100, share)
    ]
    await worldcup.documents.ensure_indexes(name)
    await worldcup.documents.insert(keys.logs_collection(name), documents)
    await worldcup.redis.hset(keys.committed_key(name), mapping=committed)
    books: dict[Any, Any] = {"counted": MANY, "version": 9, "at": int(time.time() * 1000)}
    await worldcup.redis.hset(keys.books_key(name), mapping=books)
    async with await client_of(worldcup) as client:
        assert (await client.get("/total")).json()["total"] == MANY
        assert len((await client.get("/logs?last=500")).json()) == 500
        assert (await client.get("/obtenerLogs")).json()["Cantidad"] == MANY
        before = await questions(engines.mongo)
        for path in ("/live", "/logs", "/total", "/getLogsMongo", "/getTotalMongo"):
            assert (await client.get(path)).status_code == 200
        asked = await questions(engines.mongo) - before
    # a scan asks for 2,000 offsets at a time: 2,500 questions
    assert asked < 500
