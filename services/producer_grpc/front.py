"""`python -m services.producer_grpc.front`: HTTP in front of the gRPC server of the same pod."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, cast

import grpc

from scenarios.bodies import BodyTooLargeError, Given
from scenarios.loading import load
from scenarios.scenario import Scenario
from services.pb import controlroom_pb2 as pb
from services.producer_grpc.grouping import Grouping
from services.producer_grpc.messages import event_of_record, receipt_of_message
from services.queues.port import DEADLINE, Unavailable
from services.queues.registry import served
from services.shared import golden
from services.shared.entrance import Entrance
from services.shared.ids import Ids
from services.shared.ingest_app import IngestApp
from services.shared.intake import Receipt, Sent
from services.shared.lifecycle import Lifecycle, ReadinessGate
from services.shared.openapi import Json, encoded, ingest_operations, openapi
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.turn import breathing, is_long
from services.shared.web import serving
from wire.problems import BACKLOG_FULL, BUSY, DISK_FULL, TOO_MANY_BYTES

NEEDED = ("http_port", "admin_port", "grpc_server_port")
CHANNEL = (
    # the server of the pod may be restarted alone and is back soon
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # two replicas of a pod's containers must not share one connection of the process
    ("grpc.use_local_subchannel_pool", 1),
)
_TIMEOUT = DEADLINE + 2.0
_PIECE = 1 << 20
"""Bytes of events of one call; a body that has more is sent in several."""
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class Forward:
    """The `accept` port by way of the server's SendBatch, over one channel."""

    def __init__(self, channel: grpc.aio.Channel, traffic: golden.Traffic) -> None:
        self._send_batch = channel.unary_unary(
            "/controlroom.v1.Ingest/SendBatch",
            request_serializer=pb.Batch.SerializeToString,
            response_deserializer=pb.Receipt.FromString,
        )
        self._traffic = traffic
        self._turn = asyncio.Lock()

    async def accept(self, records: Given, ids: Ids) -> Receipt:
        """Hand raw records to the server; see services.shared.intake.Accept."""
        if not is_long(records):
            return await self._send(_events(cast(Sequence[Any], records), ids, 0))
        events: list[pb.Event] = []
        # nothing is sent of a body before all of it is known to be good
        async with self._turn:
            async for part in breathing(records):
                events += _events(part, ids, len(events))
        sent = Sent()
        for piece in _pieces(events):
            sent.add(await self._send(piece))
        return sent.receipt

    async def _send(self, events: Sequence[pb.Event]) -> Receipt:
        batch = pb.Batch(events=events)
        started = self._traffic.begin()
        code = grpc.StatusCode.OK
        try:
            return receipt_of_message(await self._send_batch(batch, timeout=_TIMEOUT))
        except grpc.aio.AioRpcError as error:
            code = error.code()
            raise failure_of(error) from error
        finally:
            self._traffic.end(started, 200, str(code.value[0]))


def _events(records: Sequence[Any], ids: Ids, first: int) -> list[pb.Event]:
    """Records as they are sent; `first`: the place of the first of them in its body."""
    return [
        event_of_record(record, ids[place] if ids else "")
        for place, record in enumerate(records, first)
    ]


def _pieces(events: Sequence[pb.Event]) -> Iterator[Sequence[pb.Event]]:
    """The events in calls of about _PIECE bytes."""
    start = size = 0
    for at, event in enumerate(events):
        more = len(event.json) + len(event.id)
        if at > start and size + more > _PIECE:
            yield events[start:at]
            start, size = at, 0
        size += more
    yield events[start:]


def failure_of(error: grpc.aio.AioRpcError) -> Exception:
    """What a door raises where a call has failed."""
    if error.code() in _AWAY:
        return Unavailable(error.details() or "the gRPC server is away")
    if (told := _refusal(error)) is not None:
        return told
    if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
        return BodyTooLargeError(error.details() or "more than is taken at once")
    return error


def _refusal(error: grpc.aio.AioRpcError) -> Unavailable | None:
    """What the server refuses for a while, with its own reason; None for anything else."""
    trailing: dict[str, Any] = dict(cast(Any, error.trailing_metadata() or ()))
    for problem in (DISK_FULL, BACKLOG_FULL, BUSY, TOO_MANY_BYTES):
        if trailing.get("code") == problem.code:
            seconds = int(str(trailing.get("retry-after", 1)))
            return Unavailable(error.details() or problem.sentence, seconds, problem)
    return None


def document(scenario: Scenario, queue: str = "") -> Json:
    """The OpenAPI document of this service, which serves that queue, or the first."""
    queue = queue or scenario.queue
    return openapi("producer-grpc", scenario, ingest_operations(scenario.grpc_front, queue))


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops."""
    scenario = load(settings.scenario)
    server = f"{settings.pod_ip}:{settings.grpc_server_port}"
    gate = lifecycle.gate("server")
    gate.shut(f"no connection to the gRPC server at {server} yet")
    most = ("grpc.max_send_message_length", 2 * settings.limits.max_body_bytes)
    async with grpc.aio.insecure_channel(server, options=(*CHANNEL, most)) as channel:
        opening = asyncio.create_task(_open(channel, gate), name="channel")
        forward = Forward(channel, golden.outbound("producer-grpc", server))
        traffic = golden.inbound(f"{settings.pod_ip}:{settings.http_port}")
        # an event has at most one error for each field, or one for each rule
        errors = max(len(scenario.fields), len(scenario.rules))
        app = IngestApp(
            scenario.grpc_front,
            Grouping(forward.accept, errors).accept,
            traffic,
            settings.limits,
            document=encoded(document(scenario, served(settings, scenario))),
            get_writes=settings.compat_get_writes,
        )
        door = (settings.pod_ip, settings.http_port, "HTTP_PORT", settings.limits)
        entrance = Entrance(app, settings.guests, writes_by_get=settings.compat_get_writes)
        async with serving(entrance, *door, whole=True):
            lifecycle.service.open()
            await lifecycle.stopping.wait()
        opening.cancel()


async def _open(channel: grpc.aio.Channel, gate: ReadinessGate) -> None:
    await channel.channel_ready()
    gate.open()


if __name__ == "__main__":
    main(start("producer-grpc-front", NEEDED, serve))
