"""What strangers may ask of a real server: size, time, number, each within its setting."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Engines
from tests.producers.running import MakeScenario, Producers, Service, producers
from tests.producers.test_http import GOOD

EVENT = json.dumps(GOOD["bands"]).encode()
SECONDS = 1.0


@pytest.fixture
async def small(engines: Engines, make_scenario: MakeScenario, tmp_path: Path) -> Any:
    """A producer with little patience."""
    async with producers(engines, make_scenario("bands"), tmp_path) as cast:
        service = await cast.start(
            "services.producer_http",
            MAX_BODY_BYTES="2000",
            MAX_RECORDS="3",
            MAX_DEPTH="2",
            MAX_HEADER_BYTES="2000",
            MAX_CONNECTIONS="8",
            REQUEST_SECONDS=str(SECONDS),
        )
        yield service, cast


async def raw(service: Service, *parts: bytes) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of what the server answers to bytes; then it must hang up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.env["HTTP_PORT"]))
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0)
    answer = await asyncio.wait_for(reader.read(), 10 * SECONDS)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(body)


def head(length: int, *more: str) -> bytes:
    """The head of a POST."""
    lines = ["POST /input HTTP/1.1", "Host: x", f"Content-Length: {length}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def test_size_number_and_nesting_of_a_body(small: tuple[Service, Producers]) -> None:
    service, cast = small
    padded = EVENT[:-1] + b', "other": "' + b"x" * 3000 + b'"}'
    async with httpx.AsyncClient() as client:
        for body, status, code in (
            (padded, 413, "too_large"),
            (b"[%s]" % b",".join([EVENT] * 4), 413, "too_many_records"),
            (b'{"name": [[1]]}', 400, "too_deep"),
            (b"[" * 1500, 400, "too_deep"),
            (EVENT.replace(b"Soda Stereo", b"x" * 300), 422, "invalid"),
        ):
            answer = await client.post(service.url("/input"), content=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (await client.post(service.url("/input"), content=EVENT)).status_code == 201
        document = (await client.get(service.url("/openapi.json"))).json()
        assert "/input" in document["paths"]
        off = await client.get(service.url("/input"), params=GOOD["bands"])
        assert (off.status_code, off.json()["code"]) == (405, "get_writes_off")
    await cast.events(1)


async def test_the_admin_port_refuses_by_code_too(small: tuple[Service, Producers]) -> None:
    service, _ = small
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{service.env['ADMIN_PORT']}"
    ) as client:
        unknown = await client.get("/metric")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_route")
        for path in ("/livez", "/readyz", "/metrics"):
            assert path in unknown.json()["error"]
            wrong = await client.post(path)
            assert (wrong.status_code, wrong.json()["code"]) == (405, "wrong_method")
            assert wrong.headers["allow"] == "GET"
            assert (await client.get(path)).status_code == 200
    refused = await raw_admin(service, b"GARBAGE\r\n\r\n")
    assert refused == (400, "bad_http")


async def raw_admin(service: Service, sent: bytes) -> tuple[int, str]:
    """Status and code that the admin port answers to bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.env["ADMIN_PORT"]))
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["code"]


async def test_a_head_that_is_too_long_or_no_http(small: tuple[Service, Producers]) -> None:
    service, _ = small
    long = f"X-Long: {'x' * 3000}"
    status, headers, body = await raw(service, head(2, long) + b"{}")
    assert (status, body["code"]) == (431, "headers_too_large")
    assert headers["connection"] == "close"
    pieces = [head(2, long)[at : at + 500] for at in range(0, 2500, 500)]
    assert (await raw(service, *pieces))[0] == 431
    assert (await raw(service, b"hello\r\n\r\n"))[2]["code"] == "bad_http"


async def test_what_does_not_arrive_in_time_is_ended(small: tuple[Service, Producers]) -> None:
    service, cast = small
    async with httpx.AsyncClient() as idle:
        assert (await idle.post(service.url("/input"), content=EVENT)).status_code == 201
        for sent in (b"", b"POST /input HTT", head(100), head(100) + b"{", head(3000) + b"[1,"):
            started = time.monotonic()
            status, headers, body = await raw(service, sent)
            assert (status, body["code"]) == (408, "too_slow")
            assert headers["connection"] == "close"
            assert time.monotonic() - started >= SECONDS * 0.9
        # a connection that waits between two requests is not overdue
        assert (await idle.post(service.url("/input"), content=EVENT)).status_code == 201
    await cast.events(2)


async def test_one_connection_too_many_is_told_to_come_back(
    small: tuple[Service, Producers],
) -> None:
    service, _ = small
    port = int(service.env["HTTP_PORT"])
    # connections that keep sending are not overdue meanwhile
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
    for _, writer in held:
        writer.write(head(len(EVENT)) + EVENT)
    for reader, _ in held:
        assert b"201" in await reader.readline()
    status, headers, body = await raw(service, head(len(EVENT)) + EVENT)
    assert (status, body["code"], headers["retry-after"]) == (503, "too_many_connections", "1")
    for _, writer in held:
        writer.close()
        await writer.wait_closed()
    async with httpx.AsyncClient() as client:
        assert (await client.post(service.url("/input"), content=EVENT)).status_code == 201


async def test_writes_by_get_where_they_are_switched_on(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    async with producers(engines, make_scenario("worldcup"), tmp_path) as cast:
        service = await cast.start("services.producer_http", COMPAT_GET_WRITES="1")
        async with httpx.AsyncClient() as client:
            taken = await client.get(service.url("/input"), params=GOOD["worldcup"])
            assert taken.status_code == 201
            bad = await client.get(service.url("/input?team1=x"))
            assert (bad.status_code, bad.json()["code"]) == (422, "invalid")
            own = await client.post(service.url("/saveMatch"), json=GOOD["worldcup"])
            assert own.json() == "Se registró el valor correctamente."
        records = await cast.events(2)
        assert [json.loads(record.value) for record in records] == [GOOD["worldcup"]] * 2
        wrong = await cast.start("services.producer_http", ready=False, MAX_RECORDS="many")
        assert wrong.process.wait(15) == 2
        assert "MAX_RECORDS" in wrong.log.read_text()
