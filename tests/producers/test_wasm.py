"""The WASM producer as it runs: a front, a worker, a module, a real Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.producer_wasm.frames import Answers, Reader, Request, Requests, frame
from tests.ports import free_port
from tests.producers.modules import ECHO, WRONG, written
from tests.producers.running import Producers, Service
from tests.waiting import until
from wire import keys
from wire.topics import OffsetReader

GOOD: dict[str, Any] = {"name": "Soda Stereo", "album": "Signos", "year": 1986, "rank": 4}
MARKED = {**GOOD, "album": "Signos!"}
WORKER = "services.producer_wasm.worker"
MANY = 60


async def door(cast: Producers, module: Path | None = None) -> tuple[Service, Service]:
    """Worker and front of one pod."""
    port = str(free_port())
    worker = await cast.start(WORKER, WORKER_PORT=port, WASM_MODULE=str(module or ""))
    front = await cast.start("services.producer_wasm.front", WORKER_PORT=port)
    return worker, front


async def metric(service: Service, name: str) -> float:
    """The value of a series of it, 0 where there is none."""
    answer = await service.admin("/metrics")
    assert answer is not None
    lines = [line for line in answer.text.splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


@pytest.mark.parametrize("kind", sorted(WRONG))
async def test_a_module_that_does_wrong_costs_its_own_request_only(
    cast: Producers, tmp_path: Path, kind: str
) -> None:
    worker, front = await door(cast, written(kind, tmp_path))
    async with httpx.AsyncClient(base_url=front.url(""), timeout=30) as client:
        bodies = [MARKED if n == MANY // 2 else {**GOOD, "rank": n} for n in range(MANY)]
        answers = await asyncio.gather(*(client.post("/wasm", json=body) for body in bodies))
        codes = [answer.status_code for answer in answers]
        assert codes == [500 if body is MARKED else 201 for body in bodies]
        failed = answers[MANY // 2]
        assert failed.json()["code"] == "module_failed"
        assert failed.json()["error"].startswith("the module ")
        assert "retry-after" not in failed.headers
        # of a body of many nothing is taken
        answer = await client.post("/rust", json=[GOOD, MARKED, GOOD])
        assert (answer.status_code, answer.json()["code"]) == (500, "module_failed")
        assert (await client.post("/rust/send_data", json=GOOD)).status_code == 201
    await cast.events(MANY)
    failures = [
        await metric(worker, f'controlroom_module_failures_total{{reason="{reason}"}}')
        for reason in ("trap", "fuel", "calls", "nonsense")
    ]
    assert sum(failures) >= 2
    assert worker.process.poll() is None
    assert front.process.poll() is None


async def test_requests_that_wait_are_handed_over_together(cast: Producers) -> None:
    worker, front = await door(cast)
    async with httpx.AsyncClient(base_url=front.url(""), timeout=30) as client:
        events = [{**GOOD, "rank": str(n % 100)} for n in range(300)]
        answers = await asyncio.gather(*(client.post("/wasm", json=event) for event in events))
        assert {answer.status_code for answer in answers} == {201}
    records = await cast.events(300)
    assert {dict(record.headers)["origin"] for record in records} == {b"wasm"}
    calls = await metric(worker, "controlroom_module_records_count")
    assert await metric(worker, "controlroom_module_records_sum") == 300
    assert calls < 300


async def test_long_bodies_go_in_pieces_and_bad_lines_are_kept(cast: Producers) -> None:
    _, front = await door(cast)
    lines = [json.dumps({**GOOD, "rank": n % 100}) for n in range(3_000)]
    lines[10], lines[2_000] = '{"name": ', json.dumps({**GOOD, "year": 1})
    async with httpx.AsyncClient(base_url=front.url(""), timeout=60) as client:
        answer = await client.post(
            "/wasm", content="\n".join(lines), headers={"idempotency-key": "long"}
        )
        told = answer.json()
        assert (answer.status_code, told["accepted"], told["rejected"]) == (207, 2_998, 2)
        assert [error["index"] for error in told["errors"]] == [10, 2_000]
        assert [error["field"] for error in told["errors"]] == ["", "year"]
        other = await client.post("/wasm", json=GOOD, headers={"idempotency-key": "long.7"})
        assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    records = await cast.events(2_998)
    names = {dict(record.headers)["id"] for record in records}
    assert names == {f"long.{n}".encode() for n in range(3_000) if n not in (10, 2_000)}
    rejected = await cast.rejected(3)
    assert {record["origin"] for record in rejected} == {"wasm"}


async def test_a_worker_that_dies_is_come_back_to(cast: Producers) -> None:
    worker, front = await door(cast)
    async with httpx.AsyncClient(base_url=front.url(""), timeout=30) as client:
        assert (await client.post("/wasm", json=GOOD)).status_code == 201
        worker.end(signal.SIGKILL)

        async def away() -> bool:
            answer = await front.admin("/readyz")
            return answer is not None and answer.status_code == 503

        await until(away, "the front is not ready")
        answer = await client.post("/wasm", json=GOOD)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        await cast.start(WORKER, WORKER_PORT=worker.env["WORKER_PORT"])
        await until(front.ready, "the front is ready again")
        assert (await client.post("/wasm", json=GOOD)).status_code == 201
    await cast.events(2)


@pytest.mark.parametrize("first", ["front", "worker"])
async def test_what_is_acknowledged_is_there_when_the_pod_ends(cast: Producers, first: str) -> None:
    worker, front = await door(cast)
    acknowledged = 0
    begun = asyncio.Event()

    async def send(client: httpx.AsyncClient) -> None:
        nonlocal acknowledged
        while True:
            try:
                answer = await client.post("/wasm", json=GOOD)
            except httpx.TransportError:
                return
            if answer.status_code != 201:
                assert answer.json()["code"] == "unavailable"
                return
            acknowledged += 1
            if acknowledged > 100:
                begun.set()

    async with httpx.AsyncClient(base_url=front.url(""), timeout=30) as client:
        senders = [asyncio.create_task(send(client)) for _ in range(20)]
        await asyncio.wait_for(begun.wait(), 60)
        ends = [front, worker] if first == "front" else [worker, front]
        for service in ends:
            service.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*senders)
        assert [await asyncio.to_thread(service.process.wait, 30) for service in ends] == [0, 0]
    assert acknowledged > 100
    # a request whose answer was lost may be there too
    async with OffsetReader(cast.engines.kafka) as reader:
        found = sum((await reader.end_offsets(keys.events_topic(cast.name))).values())
    assert acknowledged <= found <= acknowledged + 20


async def test_a_stranger_at_the_workers_port_is_sent_away(cast: Producers) -> None:
    worker, front = await door(cast)
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x05\x00\x00\x00hello", b"\xff\xff\xff\xff"):
        reader, writer = await asyncio.open_connection("127.0.0.1", worker.env["WORKER_PORT"])
        writer.write(garbage)
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
    async with httpx.AsyncClient(base_url=front.url(""), timeout=30) as client:
        assert (await client.post("/wasm", json=GOOD)).status_code == 201
    # one who knows the frames is held to the rules of the doors
    record = json.dumps(GOOD).encode()
    requests = [Request([record], ["é"]), Request([record] * 2, ["one"]), Request([record], [])]
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.env["WORKER_PORT"])
    writer.write(frame(Requests(1, requests)))
    frames = Reader(Answers)
    while not (found := list(frames.feed(await asyncio.wait_for(reader.read(4096), 30)))):
        pass
    assert [answer.code for answer in found[0].answers] == ["bad_id", "bad_id", ""]
    writer.close()
    await cast.events(2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(module)", "exports no memory"),
        (ECHO.read_text().replace("(i64.const 0))", "unreachable)", 1), "cannot start"),
    ],
)
async def test_a_module_that_cannot_be_used_ends_the_worker_with_its_fix(
    cast: Producers, tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "own.wat"
    file.write_text(text)
    worker = await cast.start(WORKER, ready=False, WORKER_PORT="1", WASM_MODULE=str(file))
    assert await asyncio.to_thread(worker.process.wait, 60) == 2
    line = json.loads(worker.log.read_text().splitlines()[-1])
    assert told in line["message"]
    assert "docs/wasm.md" in line["fix"]
