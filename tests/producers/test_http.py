"""The HTTP producer and the HTTP front of the gRPC producer, on a real Kafka."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from scenarios.loading import load
from scenarios.scenario import HttpRoutes, Scenario
from tests.conftest import Engines
from tests.ports import free_port
from tests.producers.running import MakeScenario, Producers, producers
from tests.waiting import until
from wire.keys import PARTITIONS, acknowledged_key

GOOD: dict[str, dict[str, str | int]] = {
    "bands": {"name": "Soda Stereo", "album": "Signos", "year": 1986, "rank": 4},
    "worldcup": {"team1": "Guatemala", "team2": "Argentina", "score": "2-5", "phase": 1},
    "covid": {
        "name": "Pablo Mendoza",
        "location": "Guatemala City",
        "age": 35,
        "gender": "male",
        "infectedtype": "communitary",
        "state": "active",
        "vaccine_type": "Sputnik V",
    },
}


@pytest.fixture(params=["bands", "worldcup"])
def source(request: pytest.FixtureRequest) -> str:
    """Each scenario in turn."""
    return str(request.param)


@pytest.fixture(params=["http", "grpc", "wasm"])
async def door(request: pytest.FixtureRequest, cast: Producers) -> tuple[str, str, Producers]:
    """(origin, URL without path, producers) of either road."""
    if request.param == "http":
        service = await cast.start("services.producer_http")
    elif request.param == "wasm":
        if load(cast.scenario).wasm is None:
            pytest.skip("the scenario has no WASM door")
        port = str(free_port())
        await cast.start("services.producer_wasm.worker", WORKER_PORT=port)
        service = await cast.start("services.producer_wasm.front", WORKER_PORT=port)
    else:
        port = str(free_port())
        await cast.start("services.producer_grpc.server", GRPC_PORT=port)
        service = await cast.start("services.producer_grpc.front", GRPC_SERVER_PORT=port)
    return request.param, service.url(""), cast


def routes_of(scenario: Scenario, origin: str) -> HttpRoutes:
    """What a door takes."""
    routes = {"http": scenario.http, "grpc": scenario.grpc_front, "wasm": scenario.wasm}[origin]
    assert routes is not None
    return routes


def good(cast: Producers) -> dict[str, str | int]:
    """A good event of the scenario."""
    return GOOD[cast.name.rpartition("-")[0]]


async def test_every_route_takes_every_shape_and_keeps_what_is_bad(
    door: tuple[str, str, Producers],
) -> None:
    origin, url, cast = door
    scenario = load(cast.scenario)
    routes = routes_of(scenario, origin)
    event = good(cast)
    texts = {key.upper(): str(value) for key, value in event.items()}
    bad = {**event, scenario.fields[-1].name: "many"}
    async with httpx.AsyncClient(base_url=url) as client:
        for path in routes.paths:
            answer = await client.post(path, json=event)
            assert (answer.status_code, answer.json()) == (201, dict(routes.reply))
        path = routes.paths[0]
        answer = await client.post(path, json=texts, headers={"X-Event-Id": "mine-1"})
        assert answer.status_code == 201
        for body in ([event, event], {"Lista": [event, event]}, [{"lista": [event]}, event]):
            answer = await client.post(path, json=body)
            assert answer.status_code == 201
            assert answer.json() == {"accepted": 2, "rejected": 0, "errors": []}
        lines = f"{json.dumps(event)}\n{json.dumps(event)}\n"
        assert (await client.post(path, content=lines)).status_code == 201

        single = await client.post(path, json=bad)
        assert single.status_code == 422
        assert [error["field"] for error in single.json()["errors"]] == [scenario.fields[-1].name]
        mixed = await client.post(path, json=[event, bad, 7, event])
        assert mixed.status_code == 207
        assert {key: mixed.json()[key] for key in ("accepted", "rejected")} == {
            "accepted": 2,
            "rejected": 2,
        }
        assert [error["index"] for error in mixed.json()["errors"]] == [1, 2]
        none = await client.post(path, json=[bad])
        assert (none.status_code, none.json()["accepted"]) == (422, 0)
        assert (await client.post(path, json=[])).status_code == 422

    records = await cast.events(len(routes.paths) + 1 + 3 * 2 + 2 + 2)
    assert all(json.loads(record.value) == event for record in records)
    assert all(list(json.loads(record.value)) == list(event) for record in records)
    headers = [dict(record.headers) for record in records]
    assert {header["origin"] for header in headers} == {origin.encode()}
    ids = [header["id"].decode() for header in headers]
    assert "mine-1" in ids
    assert len(set(ids)) == len(ids)
    rejected = await cast.rejected(4)
    assert all(record["origin"] == origin and record["reason"] for record in rejected)
    kept = Counter(record["value"] for record in rejected)
    assert kept["7"] == 1
    assert sum(json.loads(value) == bad for value in kept.elements()) == 3


async def test_what_cannot_be_taken_is_refused_by_status(door: tuple[str, str, Producers]) -> None:
    origin, url, cast = door
    scenario = load(cast.scenario)
    path = routes_of(scenario, origin).paths[0]
    async with httpx.AsyncClient(base_url=url) as client:
        for content in (b"", b"no json", b'{"a":', b"\xff"):
            assert (await client.post(path, content=content)).status_code == 400
        wrong = await client.get(path)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        unknown = await client.post("/nowhere", json={})
        assert unknown.status_code == 404
        assert path in unknown.json()["error"]
        large = await client.post(path, content=b"[" + b"1," * 5_000_000 + b"1]")
        assert large.status_code == 413
        many = await client.post(path, content=b"[" + b"1," * 10_000 + b"1]")
        assert many.status_code == 413
        odd = await client.post(path, json=good(cast), headers={"Idempotency-Key": "x" * 200})
        assert odd.status_code == 400
    await cast.events(0)
    await cast.rejected(0)


async def test_acknowledged_events_are_spread_and_counted(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    async with producers(engines, make_scenario("bands"), tmp_path) as cast:
        service = await cast.start("services.producer_http")
        event = GOOD["bands"]
        async with httpx.AsyncClient(timeout=30) as client:
            for _ in range(PARTITIONS):
                assert (await client.post(service.url("/input"), json=event)).status_code == 201
            body = [event] * 10_000
            answer = await client.post(service.url("/input"), json=body)
            assert answer.json()["accepted"] == len(body)
        total = PARTITIONS + len(body)
        records = await cast.events(total)
        per_partition = Counter(record.partition for record in records)
        assert set(per_partition) == set(range(PARTITIONS))
        assert await acknowledged(engines, cast.name, total)

        metrics = await service.admin("/metrics")
        assert metrics is not None
        inbound = [line for line in metrics.text.splitlines() if 'direction="inbound"' in line]
        told = [line for line in inbound if line.startswith("response_total{")]
        (counted,) = [line for line in told if 'status_code="201"' in line]
        assert 'classification="success"' in counted
        assert counted.endswith(f" {PARTITIONS + 1}.0")
        assert all(line.endswith(" 0.0") for line in told if line != counted)


async def acknowledged(engines: Engines, name: str, total: int) -> int:
    """Waits until Redis tells of that many acknowledged events."""
    async with Redis.from_url(engines.redis) as redis:

        async def told() -> int | None:
            counts: list[Any] = await redis.hvals(acknowledged_key(name))
            return total if sum(map(int, counts)) == total else None

        return await until(told, f"{total} acknowledged events in Redis")


async def test_without_kafka_the_answer_is_503_and_says_when_to_come_back(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    async with producers(engines, make_scenario("bands"), tmp_path) as cast:
        away = f"127.0.0.1:{free_port()}"
        service = await cast.start("services.producer_http", ready=False, KAFKA_BOOTSTRAP=away)

        async def kafka_missed() -> bool:
            ready = await service.admin("/readyz")
            if ready is None:
                return False
            assert ready.status_code == 503
            return away in ready.json()["reasons"].get("kafka", "")

        await until(kafka_missed, "the producer says which Kafka it misses")
        alive = await service.admin("/livez")
        assert alive is not None
        assert alive.status_code == 200
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(service.url("/input"), json=GOOD["bands"])
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert service.end() == 0


@pytest.mark.parametrize(
    ("module", "change", "words"),
    [
        ("services.producer_http", {"KAFKA_BOOTSTRAP": ""}, "KAFKA_BOOTSTRAP is not set"),
        ("services.producer_http", {"HTTP_PORT": "80a"}, "HTTP_PORT is '80a'"),
        ("services.producer_http", {"SCENARIO": "no-such"}, "no scenario is called 'no-such'"),
        ("services.producer_http", {"LEDGER_DIR": "/proc/nowhere"}, "acknowledged count"),
        ("services.producer_grpc.server", {"GRPC_PORT": "0"}, "GRPC_PORT is '0'"),
        ("services.producer_grpc.front", {"GRPC_SERVER_PORT": ""}, "GRPC_SERVER_PORT is not set"),
    ],
)
async def test_a_bad_environment_is_one_line_and_an_exit_code(
    engines: Engines,
    make_scenario: MakeScenario,
    tmp_path: Path,
    module: str,
    change: dict[str, str],
    words: str,
) -> None:
    async with producers(engines, make_scenario("bands"), tmp_path) as cast:
        service = await cast.start(module, ready=False, **change)
        assert service.process.wait(15) == 2
        last = json.loads(service.log.read_text().splitlines()[-1])
        assert words in last["message"]
        assert last["fix"]
        assert "Traceback" not in service.log.read_text()
