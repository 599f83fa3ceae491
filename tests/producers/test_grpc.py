"""Every RPC of the gRPC producer, on a real Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.message import Message

from services.pb import confproto_pb2, helloworld_pb2, usactar_pb2
from services.pb import controlroom_pb2 as pb
from tests.conftest import Engines
from tests.ports import free_port
from tests.producers.running import MakeScenario, Producers, Service, producers, trailing
from tests.producers.test_http import GOOD
from tests.waiting import until

VOTE = {key: str(value) for key, value in GOOD["bands"].items()}
SCORE: dict[str, Any] = {key: str(value) for key, value in GOOD["worldcup"].items()}
INFO = ">> Datos guardados: Guatemala vs Argentina : 2-5 phase: 1"

ROUTES: dict[str, list[Any]] = {
    "bands": [
        (
            "/confproto.getInfo/returnInfo",
            confproto_pb2.requestId(**VOTE),
            confproto_pb2.replyInfo(info="Hola cliente, recibí el album"),
        )
    ],
    "worldcup": [
        (
            "/confproto.getInfo/returnInfo",
            confproto_pb2.requestInfo(**SCORE),
            confproto_pb2.replyInfo(info=INFO),
        ),
        (
            "/helloworld.Greeter/IngresoDatos",
            helloworld_pb2.IngresoSolicitud(**SCORE),
            helloworld_pb2.Respuesta(codigo="200", mensaje="Se registró información"),
        ),
        (
            "/usactar.GrpcConnection/AddPrediction",
            usactar_pb2.PredictionRequest(**{**SCORE, "phase": 1}),
            None,
        ),
    ],
}


@pytest.fixture(params=["bands", "worldcup"])
def source(request: pytest.FixtureRequest) -> str:
    """Each scenario in turn."""
    return str(request.param)


def unary(channel: grpc.aio.Channel, method: str, reply: type[Message]) -> Any:
    """A unary call of any message."""
    return channel.unary_unary(
        method,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=reply.FromString,
    )


async def refusal(call: Any) -> grpc.aio.AioRpcError:
    """The error of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def channel_to(service: Service) -> grpc.aio.Channel:
    """A channel to the server."""
    return grpc.aio.insecure_channel(f"127.0.0.1:{service.env['GRPC_PORT']}")


async def test_the_rpcs_of_existing_implementations(cast: Producers) -> None:
    kind = cast.name.rpartition("-")[0]
    server = await cast.start("services.producer_grpc.server")
    async with channel_to(server) as channel:
        for method, request, reply in ROUTES[kind]:
            kind_of_reply = type(reply) if reply is not None else usactar_pb2.PredictionReply
            answer = await unary(channel, method, kind_of_reply)(request)
            if reply is None:
                start = "Caso insertado en la base de datos"
                assert answer.message.startswith(start)
                assert len(answer.message) > len(start)
            else:
                assert answer == reply
            error = await refusal(unary(channel, method, kind_of_reply)(type(request)()))
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "must not be empty" in (error.details() or "")
        other = next(
            route for key, routes in ROUTES.items() if key != kind for route in routes[-1:]
        )
        if other[0] not in [route[0] for route in ROUTES[kind]]:
            error = await refusal(unary(channel, other[0], confproto_pb2.replyInfo)(other[1]))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    records = await cast.events(len(ROUTES[kind]))
    assert all(json.loads(record.value) == GOOD[kind] for record in records)
    assert {dict(record.headers)["origin"] for record in records} == {b"grpc"}
    assert len(await cast.rejected(len(ROUTES[kind]))) == len(ROUTES[kind])


def typed(event: dict[str, str | int], event_id: str = "") -> pb.Event:
    """An event of our own service."""
    values = {
        name: pb.Value(text=value) if isinstance(value, str) else pb.Value(number=value)
        for name, value in event.items()
    }
    return pb.Event(id=event_id, fields=values)


async def test_one_event_a_batch_and_a_stream(cast: Producers) -> None:
    event = GOOD[cast.name.rpartition("-")[0]]
    server = await cast.start("services.producer_grpc.server")
    bad = pb.Event(fields={"other": pb.Value(text="x"), "none": pb.Value()})
    service = "/controlroom.v1.Ingest"
    async with channel_to(server) as channel:
        send = unary(channel, f"{service}/Send", pb.Receipt)
        assert (await send(typed(event, "one"))).accepted == 1
        assert (await send(pb.Event(json=json.dumps(event).encode()))).accepted == 1
        error = await refusal(send(bad))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        receipt = pb.Receipt.FromString(trailing(error)["receipt-bin"])
        assert receipt.rejected == 1
        assert {wrong.field for wrong in receipt.errors} == set(event)

        batch = pb.Batch(events=[typed(event), bad, pb.Event(json=b"[1"), typed(event)])
        receipt = await unary(channel, f"{service}/SendBatch", pb.Receipt)(batch)
        assert (receipt.accepted, receipt.rejected) == (2, 2)
        assert {wrong.index for wrong in receipt.errors} == {1, 2}
        many = pb.Batch(events=[pb.Event(id="x")] * 10_001)
        error = await refusal(unary(channel, f"{service}/SendBatch", pb.Receipt)(many))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

        stream = channel.stream_unary(
            f"{service}/SendStream",
            request_serializer=pb.Event.SerializeToString,
            response_deserializer=pb.Receipt.FromString,
        )
        events: Iterable[pb.Event] = [*[typed(event)] * 3000, bad, typed(event)]
        receipt = await stream(iter(events))
        assert (receipt.accepted, receipt.rejected) == (3001, 1)
        assert {wrong.index for wrong in receipt.errors} == {3000}
        assert await stream(iter([])) == pb.Receipt()
    records = await cast.events(2 + 2 + 3001)
    assert "one" in {dict(record.headers)["id"].decode() for record in records}
    assert all(json.loads(record.value) == event for record in records)
    assert len(await cast.rejected(1 + 2 + 1)) == 4


async def test_the_front_finds_its_server_again(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    async with producers(engines, make_scenario("bands"), tmp_path) as cast:
        port = str(free_port())
        server = await cast.start("services.producer_grpc.server", GRPC_PORT=port)
        front = await cast.start("services.producer_grpc.front", GRPC_SERVER_PORT=port)
        server.process.kill()
        server.process.wait()
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(front.url("/grpc"), json=GOOD["bands"])
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            again = await cast.start("services.producer_grpc.server", GRPC_PORT=port)

            async def taken() -> bool:
                sent = await client.post(front.url("/grpc"), json=GOOD["bands"])
                return sent.status_code == 201

            await until(taken, "the front reaches the new server")
        await cast.events(1)
        assert front.end() == 0
        assert again.end() == 0


async def test_a_message_that_no_proto_has_is_told(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    scenario = make_scenario("bands")
    scenario.write_text(
        scenario.read_text().replace('"confproto.requestId"', '"confproto.requestID"')
    )
    async with producers(engines, scenario, tmp_path) as cast:
        server = await cast.start("services.producer_grpc.server", ready=False)
        assert server.process.wait(15) == 2
        last = json.loads(server.log.read_text().splitlines()[-1])
        assert "did you mean confproto.requestId?" in last["message"]
