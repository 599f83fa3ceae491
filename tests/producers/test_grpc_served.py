"""Health, reflection, deadlines, limits and the drain of the real gRPC server."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.pb import controlroom_pb2 as pb
from services.pb import controlroom_pb2_grpc
from tests.conftest import ROOT, Engines
from tests.ports import free_port
from tests.producers.running import Producers, trailing
from tests.waiting import until

EVENT = {"team1": "Guatemala", "team2": "Argentina", "score": "2-5", "phase": "1"}
FIELDS = {name: pb.Value(text=text) for name, text in EVENT.items()}
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVER = "services.producer_grpc.server"


@pytest.fixture
def source() -> str:
    return "worldcup"


async def failed(call: Any) -> tuple[grpc.StatusCode, str]:
    """Status of a call, and its code of ours; empty where the library itself refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), str(trailing(caught.value).get("code", ""))


async def test_reflection_names_what_the_scenario_serves(cast: Producers) -> None:
    service = await cast.start(SERVER)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.env['GRPC_PORT']}") as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol="helloworld.Greeter"),
        ]
        listed, described = [answer async for answer in stub.ServerReflectionInfo(iter(asked))]
        assert {each.name for each in listed.list_services_response.service} == {
            "confproto.getInfo",
            "controlroom.v1.Ingest",
            "grpc.health.v1.Health",
            "grpc.reflection.v1alpha.ServerReflection",
            "helloworld.Greeter",
            "usactar.GrpcConnection",
        }
        assert described.file_descriptor_response.file_descriptor_proto


async def test_health_leads_the_drain_and_a_call_under_way_is_finished(cast: Producers) -> None:
    service = await cast.start(SERVER, DRAIN_SECONDS="1")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.env['GRPC_PORT']}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        ask = health_pb2.HealthCheckRequest(service="controlroom.v1.Ingest")
        assert (await health.Check(ask)).status == SERVING
        watched = health.Watch(ask)
        assert (await watched.read()).status == SERVING
        ingest = controlroom_pb2_grpc.IngestStub(channel)
        stream = ingest.SendStream()
        await stream.write(pb.Event(fields=FIELDS))
        service.process.send_signal(signal.SIGTERM)
        assert (await watched.read()).status == NOT_SERVING
        # between that word and the end, what still arrives is taken
        assert (await ingest.Send(pb.Event(fields=FIELDS))).accepted == 1
        await stream.write(pb.Event(fields=FIELDS))
        await stream.done_writing()
        assert (await stream).accepted == 2
        # whoever only watches does not hold the end up
        assert await asyncio.to_thread(service.process.wait, 8) == 0
    await cast.events(3)


async def test_a_deadline_that_passes_is_never_acknowledged(
    cast: Producers, engines: Engines
) -> None:
    # a listener of its own, so that the broker does not lead around the link
    silent = await asyncio.start_server(lambda reader, writer: asyncio.sleep(60), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    service = await cast.start(SERVER, ready=False, KAFKA_BOOTSTRAP=f"127.0.0.1:{port}")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.env['GRPC_PORT']}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        unready = await health.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True)
        assert unready.status == NOT_SERVING
        ingest = controlroom_pb2_grpc.IngestStub(channel)
        code, _ = await failed(ingest.Send(pb.Event(fields=FIELDS), timeout=0.5))
        assert code is grpc.StatusCode.DEADLINE_EXCEEDED
        code, ours = await failed(ingest.Send(pb.Event(fields=FIELDS), timeout=30))
        assert (code, ours) == (grpc.StatusCode.UNAVAILABLE, "unavailable")
    silent.close()


async def test_sizes_and_bytes_that_are_no_message(cast: Producers) -> None:
    service = await cast.start(
        SERVER, MAX_BODY_BYTES="5000", MAX_RECORDS="2", MAX_HEADER_BYTES="4000"
    )
    address = f"127.0.0.1:{service.env['GRPC_PORT']}"
    async with grpc.aio.insecure_channel(address) as channel:
        ingest = controlroom_pb2_grpc.IngestStub(channel)
        event = pb.Event(fields=FIELDS)
        exhausted = grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await failed(ingest.Send(pb.Event(json=b"x" * 20_000))))[0] is exhausted
        batch = pb.Batch(events=[event] * 3)
        assert await failed(ingest.SendBatch(batch)) == (exhausted, "too_many_records")
        long = (("long", "x" * 20_000),)
        assert (await failed(ingest.Send(event, metadata=long)))[0] is exhausted
        invalid = (grpc.StatusCode.INVALID_ARGUMENT, "invalid")
        methods = ("controlroom.v1.Ingest/Send", "controlroom.v1.Ingest/SendBatch")
        for method in (*methods, "usactar.GrpcConnection/AddPrediction"):
            call = channel.unary_unary(f"/{method}", bytes, bytes)
            assert await failed(call(b"\xff\xff")) == invalid
        assert await failed(ingest.Send(pb.Event(id="x" * 200, fields=FIELDS))) == invalid
        assert (await ingest.Send(event)).accepted == 1
    await cast.events(1)
    assert len(await cast.rejected(4)) == 4


async def test_one_call_too_many_is_refused_and_the_next_is_taken(cast: Producers) -> None:
    service = await cast.start(SERVER, MAX_CALLS="2")
    address = f"127.0.0.1:{service.env['GRPC_PORT']}"
    event = pb.Event(fields=FIELDS)
    async with (
        grpc.aio.insecure_channel(address) as busy,
        # a pool of its own, else the two would share one connection and its stream limit
        grpc.aio.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as other,
    ):
        ingest = controlroom_pb2_grpc.IngestStub(other)
        # a topic that is new may keep the first event waiting for longer than a call lasts
        assert (await ingest.Send(event)).accepted == 1
        streams = [controlroom_pb2_grpc.IngestStub(busy).SendStream() for _ in range(2)]
        for stream in streams:
            await stream.write(event)

        async def refused() -> bool:
            ended = [(await each.code(), await each.details()) for each in streams if each.done()]
            assert not ended, ended
            try:
                await ingest.Send(event, timeout=10)
            except grpc.aio.AioRpcError as error:
                return error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            taken.append(1)
            return False

        taken: list[int] = []
        await until(refused, "both streams have begun and a third call is refused")
        for stream in streams:
            await stream.done_writing()
            assert (await stream).accepted == 1
        assert (await ingest.Send(event)).accepted == 1
    await cast.events(4 + len(taken))


async def test_the_clients_of_the_documents(cast: Producers, tmp_path: Path) -> None:
    service = await cast.start(SERVER)
    address = f"127.0.0.1:{service.env['GRPC_PORT']}"
    text = (ROOT / "docs/clients.md").read_text()
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    program = tmp_path / "client.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{found[1]}")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)

    told = await asyncio.to_thread(run, sys.executable, str(program), address)
    assert told.stdout.splitlines()[:2] == ["accepted 1", "accepted 1000"], told.stderr
    assert told.stdout.splitlines()[2].startswith("INVALID_ARGUMENT invalid ")
    line = re.search(r"^python (-m services\S+) \S+ (.*)$", text, re.MULTILINE)
    assert line is not None
    words = [sys.executable, *line[1].split(), address, *line[2].split()]
    sent = await asyncio.to_thread(run, *words)
    assert (sent.returncode, json.loads(sent.stdout)["accepted"]) == (0, "1")
    refused = await asyncio.to_thread(run, *words[:-1])
    assert (refused.returncode, json.loads(refused.stderr)["code"]) == (1, "invalid")
    words[3] = f"127.0.0.1:{free_port()}"
    away = await asyncio.to_thread(run, *words)
    assert (away.returncode, json.loads(away.stderr)["code"]) == (1, "unavailable")
    await cast.events(1002)
