"""HTTP client -> gRPC server -> API -> stores, each a process; and what a failed post is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
import httpx
import pytest

from services.pb import controlroom_pb2, greet_pb2, user_pb2
from tests.ports import free_port
from tests.producers.running import Service, trailing
from tests.queues.pipeline import PATIENCE, Pipeline
from tests.scenarios.covid.conftest import ASSIGNMENT, BRIEF, UNKNOWN
from tests.waiting import until

MODULES = "scenarios.covid.services"


@dataclass
class Path:
    """The three programs of the path, and what they are asked by."""

    covid: Pipeline
    api: Service
    server: Service
    client: Service
    channel: grpc.aio.Channel
    http: httpx.AsyncClient

    async def greet(self, timeout: float = PATIENCE, **fields: str) -> greet_pb2.GreetResponse:
        """One call of Greet; AioRpcError."""
        call = self.channel.unary_unary(
            "/greet.GreetService/Greet",
            request_serializer=greet_pb2.GreetRequest.SerializeToString,
            response_deserializer=greet_pb2.GreetResponse.FromString,
        )
        greeting = greet_pb2.Greeting(**fields)
        answer: greet_pb2.GreetResponse = await call(
            greet_pb2.GreetRequest(greeting=greeting), timeout=timeout
        )
        return answer

    async def stored(self) -> list[dict[str, object]]:
        """The stored events with the way that they came."""
        return [one["event"] | {"origin": one["origin"]} for one in await self.covid.stored()]


@pytest.fixture
async def path(covid: Pipeline) -> AsyncIterator[Path]:
    port, http_port = str(free_port()), str(free_port())
    url = f"http://127.0.0.1:{http_port}"
    api, server, client = await asyncio.gather(
        covid.begin(f"{MODULES}.subscribers", HTTP_PORT=http_port),
        covid.begin(f"{MODULES}.server", GRPC_PORT="", HOST=f":{port}", SUBSCRIBERS_URL=url),
        covid.begin(f"{MODULES}.client", SERVER_HOST=f"127.0.0.1:{port}", NAME="instanciagrpc"),
    )
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        httpx.AsyncClient(base_url=client.url(""), timeout=PATIENCE) as http,
    ):
        yield Path(covid, api, server, client, channel, http)


async def test_what_is_posted_arrives_by_the_whole_path(path: Path) -> None:
    answer = await path.http.post("/", json=BRIEF)
    reply = "Pablo Mendoza - Guatemala City - 35 - communitary - active"
    assert (answer.status_code, answer.json()) == (201, {"result": reply})
    # stored before it was answered: nobody has to be waited for
    assert await path.stored() == [{**UNKNOWN, **BRIEF, "origin": "grpc"}]

    assert (await path.greet(**BRIEF | {"age": "35"})).result == reply
    user = path.channel.unary_unary(
        "/user.userService/regUser",
        request_serializer=user_pb2.userRequest.SerializeToString,
        response_deserializer=user_pb2.userResponse.FromString,
    )
    answered = await user(
        user_pb2.userRequest(user=user_pb2.Usuario(**ASSIGNMENT)), timeout=PATIENCE
    )
    assert answered.resultado == "Ana López - Peru - female - 29 - Sputnik V"

    mixed = [BRIEF, ASSIGNMENT, {"name": "nobody"}, BRIEF | {"age": ["old"]}, "no record"]
    answer = await path.http.post("/greet", json=mixed)
    assert answer.status_code == 207
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (2, 3)
    wrong = {(error["index"], error["field"]) for error in answer.json()["errors"]}
    assert wrong == {
        *((2, name) for name in ("location", "age", "infectedtype", "state")), (3, "age"), (4, "")
    }  # fmt: skip
    # what JSON can say and a greeting cannot
    for odd, status in (
        (BRIEF | {"Name": 5, "age": 35.0}, 201),
        (BRIEF | {"age": 10**30}, 422),
        (BRIEF | {"state": True}, 422),
    ):
        assert (await path.http.post("/", json=odd)).status_code == status, odd
    surrogate = json.dumps(BRIEF | {"name": "P\ud800"}).encode()
    assert (await path.http.post("/", content=surrogate)).status_code in (400, 422)
    same = [await path.http.post("/", json=BRIEF, headers={"x-event-id": "k"}) for _ in range(2)]
    assert [one.status_code for one in same] == [201, 201]
    # what could be told to the API was kept there with its reason
    books = await path.covid.handled(acknowledged=8, counted=7, rejected=2, repeated=1)
    assert books["lost"] == books["doubled"] == 0
    assert [one["origin"] for one in await path.stored()] == ["grpc"] * 7

    await bad_ones_are_told_alike(path)


async def bad_ones_are_told_alike(path: Path) -> None:
    """By gRPC it is an error with its receipt, by HTTP the same fields."""
    with pytest.raises(grpc.aio.AioRpcError) as told:
        await path.greet(name="P", age="old")
    assert told.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    receipt = controlroom_pb2.Receipt.FromString(trailing(told.value)["receipt-bin"])
    assert {error.field for error in receipt.errors} == {
        "location", "age", "infectedtype", "state"
    }  # fmt: skip
    answer = await path.http.post("/", json={"name": "P", "age": "old"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert {error["field"] for error in answer.json()["errors"]} == {
        error.field for error in receipt.errors
    }


async def test_deadlines_are_passed_on_and_a_failed_post_is_an_error(path: Path) -> None:
    path.api.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(grpc.aio.AioRpcError) as told:
            await path.greet(timeout=0.5, **BRIEF | {"age": "35"})
        assert told.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    finally:
        path.api.process.send_signal(signal.SIGCONT)

    async def answers() -> bool:
        with contextlib.suppress(grpc.aio.AioRpcError):
            return bool((await path.greet(**BRIEF | {"age": "35"})).result)
        return False

    await until(answers, "the path goes on", PATIENCE)

    path.api.end(signal.SIGKILL)
    with pytest.raises(grpc.aio.AioRpcError) as told:
        await path.greet(**BRIEF | {"age": "35"})
    assert told.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "the subscribers API does not answer" in str(told.value.details())
    answer = await path.http.post("/", json=BRIEF)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]

    path.server.end(signal.SIGKILL)
    assert (await path.http.post("/", json=BRIEF)).status_code == 503
