"""`python -m scenarios.covid.services.client`: events by HTTP, each a greeting by gRPC."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any, cast

import grpc

from scenarios.bodies import Given
from scenarios.events import EventCodec, FieldError
from scenarios.fields import FieldReader
from scenarios.loading import load
from scenarios.scenario import Event, HttpRoutes
from services.pb import controlroom_pb2, greet_pb2
from services.producer_grpc.calls import RECEIPT_KEY
from services.producer_grpc.front import CHANNEL, failure_of
from services.producer_grpc.messages import receipt_of_message
from services.queues.port import DEADLINE
from services.queues.registry import served
from services.shared import golden, logline
from services.shared.entrance import Entrance
from services.shared.ids import KEY_NAME, Ids
from services.shared.ingest_app import IngestApp
from services.shared.intake import Receipt, RecordError, Sent
from services.shared.lifecycle import Lifecycle
from services.shared.openapi import encoded, ingest_operations, openapi
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.turn import breathing
from services.shared.web import serving

from .words import needed, port_of

PATHS = HttpRoutes(("/", "/greet"), {"result": "name - location - age - infectedtype - state"})
"""The second is where an ingress leads to."""
AT_ONCE = 64
"""Calls of this process that are under way at most."""
_TIMEOUT = DEADLINE + 2.0
_TYPES = {"text": (str, type(None)), "integer": (str, int, float, type(None))}


class Greeting:
    """The `accept` port by way of Greet, over one channel."""

    def __init__(
        self, channel: grpc.aio.Channel, codec: EventCodec, traffic: golden.Traffic
    ) -> None:
        self._greet = channel.unary_unary(
            "/greet.GreetService/Greet",
            request_serializer=greet_pb2.GreetRequest.SerializeToString,
            response_deserializer=greet_pb2.GreetResponse.FromString,
        )
        self._codec = codec
        self._readers = [FieldReader(field) for field in codec.scenario.fields]
        self._traffic = traffic
        self._calls = asyncio.Semaphore(AT_ONCE)

    async def accept(self, records: Given, ids: Ids) -> Receipt:
        """Send each record as a greeting; see services.shared.intake.Accept."""
        sent, receipt, place = Sent(), Receipt(0, 0, []), 0
        async for part in breathing(records):
            named = [ids[place + at] if ids else "" for at in range(len(part))]
            place += len(part)
            calls = [self._one(each, key) for each, key in zip(part, named, strict=True)]
            for receipt in await asyncio.gather(*calls):
                sent.add(receipt)
        return sent.receipt._replace(reply=receipt.reply)

    async def _one(self, record: Any, key: str) -> Receipt:
        outcome = self._codec.validate(record)
        try:
            good = isinstance(outcome, dict)
            texts = _texts_of(cast(Event, outcome)) if good else self._texts(record)
            request = greet_pb2.GreetRequest(greeting=greet_pb2.Greeting(**texts))
        except ValueError:
            errors = cast(list[FieldError], outcome)
            return Receipt(0, 1, [RecordError(0, *error) for error in errors])
        async with self._calls:
            return await self._called(request, ((KEY_NAME, key),) if key else ())

    def _texts(self, record: Any) -> dict[str, str]:
        """The fields of a bad record as a greeting has them: the API keeps what it refuses. Raises
        ValueError where one is of a type that a greeting cannot have."""
        if type(record) is not dict:
            raise ValueError("no object")
        found = {key.casefold(): value for key, value in record.items()} | record
        texts: dict[str, Any] = {}
        for reader in self._readers:
            texts[reader.name] = next((found[name] for name in reader.names if name in found), None)
            if type(texts[reader.name]) not in _TYPES[reader.kind]:
                raise ValueError(reader.name)
        return _texts_of(texts)

    async def _called(
        self, request: greet_pb2.GreetRequest, metadata: tuple[tuple[str, str], ...]
    ) -> Receipt:
        started = self._traffic.begin()
        code = grpc.StatusCode.OK
        try:
            answer = await self._greet(request, timeout=_TIMEOUT, metadata=metadata)
            return Receipt(1, 0, [], reply={"result": answer.result})
        except grpc.aio.AioRpcError as error:
            code = error.code()
            trailing: dict[str, Any] = dict(cast(Any, error.trailing_metadata() or ()))
            refused = trailing.get(RECEIPT_KEY)
            if not isinstance(refused, bytes):
                raise failure_of(error) from error
            return receipt_of_message(controlroom_pb2.Receipt.FromString(refused))
        finally:
            self._traffic.end(started, 200, str(code.value[0]))


def _texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops."""
    scenario = load(settings.scenario)
    server = needed("SERVER_HOST")
    port = port_of(settings.http_port, "CLIENT_HOST")
    logline.info("greets", name=os.environ.get("NAME", ""), server=server)
    async with grpc.aio.insecure_channel(server, options=CHANNEL) as channel:
        greeting = Greeting(channel, EventCodec(scenario), golden.outbound("grpcserver", server))
        operations = ingest_operations(PATHS, served(settings, scenario))
        app = IngestApp(
            PATHS,
            greeting.accept,
            golden.inbound(f"{settings.pod_ip}:{port}"),
            settings.limits,
            document=encoded(openapi("grpc-client", scenario, operations)),
            get_writes=settings.compat_get_writes,
        )
        entrance = Entrance(app, settings.guests, writes_by_get=settings.compat_get_writes)
        door = (settings.pod_ip, port, "CLIENT_HOST", settings.limits)
        async with serving(entrance, *door, whole=True):
            lifecycle.service.open()
            await lifecycle.stopping.wait()


if __name__ == "__main__":
    main(start("grpc-client", ("admin_port",), serve))
