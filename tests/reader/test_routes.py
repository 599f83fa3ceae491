"""The routes of the reader, a real process on real engines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.consumer.proxies import link
from tests.consumer.rig import Rig
from tests.ports import free_port
from tests.waiting import until

VOTES = 1_500
TOKEN = "let-me-purge"
BEARER = {"authorization": f"Bearer {TOKEN}"}


async def client_of(rig: Rig, **environment: str) -> httpx.AsyncClient:
    service, address = await rig.reader(**environment)
    await until(service.ready, "a reader that is ready", timeout=60)
    return httpx.AsyncClient(base_url=address, timeout=20)


@pytest.fixture
async def votes(bands: Rig) -> AsyncIterator[httpx.AsyncClient]:
    await bands.consumer()
    await bands.produce(bands.events(VOTES))
    await bands.settled(VOTES)
    async with await client_of(bands) as client:
        yield client


async def test_the_table_has_votes_and_mean_rank(bands: Rig, votes: httpx.AsyncClient) -> None:
    found = (await votes.get("/live")).json()
    tallied = bands.tallied(bands.events(VOTES))
    shown = {f"{row['name']}:{row['album']}": row for row in found["rows"]}
    assert {member: str(row["count"]) for member, row in shown.items()} == tallied["votes"]
    for member, row in shown.items():
        mean = int(tallied["rank"][member]) / row["count"]
        assert row["average"] == pytest.approx(mean, abs=1e-4)
    counts = [row["count"] for row in found["rows"]]
    assert counts == sorted(counts, reverse=True)
    assert (found["total"], found["noun"]) == (VOTES, "votes")
    assert 0 <= found["age"] < 60


async def test_logs_are_the_newest_first_and_bounded(votes: httpx.AsyncClient) -> None:
    assert len((await votes.get("/logs")).json()) == 20
    newest = (await votes.get("/logs?last=500")).json()
    assert len(newest) == 500
    assert [each["createdat"] for each in newest] == sorted(
        (each["createdat"] for each in newest), reverse=True
    )
    first = newest[0]
    event = first["event"]
    assert first["data"] == f"voto {event['name']} · {event['album']} {event['rank']}"
    assert first["origin"] == "http"
    for wrong in ("0", "501", "-1", "ten", "", "5.0"):
        answer = await votes.get(f"/logs?last={wrong}")
        assert answer.status_code == 400
        assert "500" in answer.json()["fix"]


async def test_a_purge_is_taken_inside_only_by_token_and_name(bands: Rig) -> None:
    await bands.consumer()
    await bands.produce(bands.events(VOTES))
    await bands.settled(VOTES)
    service, address = await bands.reader(PURGE_TOKEN=TOKEN)
    await until(service.ready, "a reader that is ready", timeout=60)
    named = {"confirm": bands.name}
    async with httpx.AsyncClient(base_url=address, headers=BEARER) as client:
        for method, path in (("POST", "/purge"), ("DELETE", "/logs")):
            for prefix in ("", "/output"):
                answer = await client.request(method, prefix + path, json=named)
                assert (answer.status_code, answer.json()["code"]) == (403, "purge_inside")
                assert "controlroom logs --purge" in answer.json()["fix"]
        assert (await client.get("/purge")).status_code == 405
        assert (await client.get("/total")).json()["total"] == VOTES
    async with httpx.AsyncClient(base_url=service.admin) as stranger:
        for headers in ({}, {"authorization": "Bearer x"}, {"authorization": f"Basic {TOKEN}"}):
            answer = await stranger.post("/purge", json=named, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "wrong_token")
            assert "PURGE_TOKEN" in answer.json()["fix"]
    async with httpx.AsyncClient(base_url=service.admin, headers=BEARER) as client:
        for body in (None, {}, {"confirm": "bands"}, {"confirm": None}, [bands.name]):
            answer = await client.post("/purge", json=body)
            assert answer.status_code in (400, 415)
            assert bands.name in answer.json()["fix"]
        text = json.dumps(named)
        typed = await client.post("/purge", content=text, headers={"content-type": "text/plain"})
        assert (typed.status_code, typed.json()["code"]) == (415, "wrong_type")
        sure = {"content-type": "application/json"}
        assert (await client.post("/purge", content=b"x" * 9000, headers=sure)).status_code == 400
        answer = await client.post("/purge", json=named)
        assert answer.json() == {"scenario": bands.name, "purged": VOTES}
        assert (await client.request("DELETE", "/logs", json=named)).json()["purged"] == 0
    await _goes_on_after_a_purge(bands, address)


async def test_without_a_token_nobody_purges_by_http(bands: Rig) -> None:
    service, _ = await bands.reader()
    await until(service.ready, "a reader that is ready", timeout=60)
    async with httpx.AsyncClient(base_url=service.admin, headers=BEARER) as client:
        answer = await client.post("/purge", json={"confirm": bands.name})
        assert (answer.status_code, answer.json()["code"]) == (403, "purge_inside")
        assert "PURGE_TOKEN" in answer.json()["fix"]


async def test_the_prefix_alone_lists_what_is_there(bands: Rig) -> None:
    async with await client_of(bands) as client:
        for path in ("/output", "/output/"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "GET /live" in answer.json()["routes"]
            assert not [each for each in answer.json()["routes"] if "purge" in each]
        assert (await client.get("/output/nosuch")).status_code == 404


async def _goes_on_after_a_purge(bands: Rig, address: str) -> None:
    await bands.produce(bands.events(10), first=VOTES)
    books = await bands.settled(VOTES + 10)
    assert books.closed
    async with httpx.AsyncClient(base_url=address, timeout=20) as client:
        assert (await client.get("/logs")).json()[0]["offset"] >= 0
        assert (await client.get("/books")).json() == books.to_json()
        assert (await client.get("/total")).json()["total"] == 10


async def test_an_unknown_route_lists_the_routes(votes: httpx.AsyncClient) -> None:
    answer = await votes.get("/nothing")
    assert answer.status_code == 404
    assert "GET /logs" in answer.json()["routes"]
    assert answer.json()["code"] == "unknown_route"


async def test_requests_are_counted_by_their_outcome(bands: Rig, votes: httpx.AsyncClient) -> None:
    for path in ("/live", "/nothing"):
        await votes.get(path)
    answer = await bands.services[-1].get("/metrics")
    assert answer is not None
    codes = [line for line in answer.text.splitlines() if line.startswith("response_total{")]
    assert any('status_code="404"' in line and 'direction="inbound"' in line for line in codes)
    assert any('status_code="200"' in line for line in codes)


async def test_bars_are_chosen_by_phase_and_match(worldcup: Rig) -> None:
    await worldcup.consumer()
    events = worldcup.events(1_000)
    await worldcup.produce(events)
    await worldcup.settled(1_000)
    async with await client_of(worldcup) as client:
        first = (await client.get("/live")).json()
        assert first["selected"]["phase"] == "1"
        found = (await client.get("/live?phase=4&match=Argentina:Francia")).json()
        bars = found["bars"]
        tallied = worldcup.tallied(events)["Argentina:Francia:4"]
        assert {bar["label"]: str(bar["count"]) for bar in bars} == tallied
        assert [bar["count"] for bar in bars] == sorted(
            (bar["count"] for bar in bars), reverse=True
        )
        assert sum(bar["percent"] for bar in bars) == pytest.approx(100, abs=0.1)
        assert found["total"] == 1_000
        labels = [choice["label"] for choice in found["choices"]["phase"]]
        assert labels == ["Octavos", "Cuartos", "Semifinal", "Final"]
        for wrong in ("phase=9", "phase=4&match=Guatemala:Francia"):
            answer = await client.get(f"/live?{wrong}")
            assert answer.status_code == 400
            assert "choose one of" in answer.json()["fix"]


async def test_an_empty_scenario_has_empty_answers(worldcup: Rig) -> None:
    async with await client_of(worldcup) as client:
        found = (await client.get("/live")).json()
        assert (found["bars"], found["total"], found["age"]) == ([], 0, None)
        assert (await client.get("/logs")).json() == []
        assert (await client.get("/books")).json()["lost"] == 0


async def test_documents_that_are_away_leave_the_tallies(bands: Rig) -> None:
    await bands.consumer()
    await bands.produce(bands.events(100))
    await bands.settled(100)
    async with (
        link(bands.engines.toxiproxy, bands.engines.mongo) as where,
        await client_of(bands, MONGO_URL=where.url, PURGE_TOKEN=TOKEN) as client,
    ):
        await where.cut()
        answer = await client.get("/logs")
        assert answer.status_code == 503
        assert "MongoDB" in answer.json()["error"]
        inner = bands.services[-1].admin + "/purge"
        gone = await client.post(inner, json={"confirm": bands.name}, headers=BEARER)
        assert gone.status_code == 503
        assert (await client.get("/live")).json()["total"] == 100
        await where.mend()
        assert len((await client.get("/logs")).json()) == 20
        assert (await client.get("/books")).json()["stored"] == 100


async def test_a_redis_that_is_away_is_said(bands: Rig) -> None:
    port = free_port()
    async with await client_of(bands, REDIS_URL=f"redis://127.0.0.1:{port}/0") as client:
        answer = await client.get("/live")
        assert answer.status_code == 503
        assert str(port) in answer.json()["error"]
