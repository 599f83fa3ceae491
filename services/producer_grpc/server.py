"""`python -m services.producer_grpc.server`: events by gRPC, onto the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection

from scenarios.events import EventCodec
from scenarios.loading import load
from services.producer_grpc.calls import Calls, Handler
from services.producer_grpc.ingest import SERVICE, Ingest
from services.producer_grpc.routes import RoutesHandler
from services.producer_grpc.wellness import Wellness
from services.queues.registry import publishing, side
from services.shared import golden
from services.shared.acknowledged import keeping
from services.shared.grpc_port import listen
from services.shared.heap import give_back, keep_loaded
from services.shared.inflight import InFlight
from services.shared.intake import Intake
from services.shared.lifecycle import Lifecycle
from services.shared.limits import Limits
from services.shared.settings import Settings
from services.shared.start import main, start

NEEDED = ("ledger_dir", "grpc_port", "admin_port")
_GRACE = 10.0
_LOOKAHEAD = 64 << 10
"""Bytes of a call that are taken before it asks for them."""


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops; health says NOT_SERVING from the first word of that."""
    give_back()
    scenario = load(settings.scenario)
    address = f"{settings.pod_ip}:{settings.grpc_port}"
    async with (
        keeping(settings, scenario.name, side(settings, scenario)) as acknowledged,
        publishing(settings, scenario, lifecycle) as publisher,
    ):
        origin = settings.origin or "grpc"
        intake = Intake(EventCodec(scenario), publisher, acknowledged, origin, settings.dedup)
        limits = settings.limits
        calls = Calls(golden.inbound(address), InFlight(limits.max_bytes_in_flight))
        routes = RoutesHandler(scenario.grpc, intake.accept, calls, limits.max_record_bytes)
        handlers = [Ingest(intake, limits).handler(calls), routes]
        server = bounded_server(address, handlers, limits)
        services = [SERVICE, *routes.services]
        await answering(server, services, calls, publisher.connected, lifecycle)


async def answering(
    server: grpc.aio.Server,
    services: Sequence[str],
    calls: Calls,
    ready: asyncio.Event,
    lifecycle: Lifecycle,
) -> None:
    """Answer the calls of these services, with health and reflection, until the lifecycle stops."""
    wellness = Wellness(server, services)
    names = [*services, health.SERVICE_NAME, reflection.SERVICE_NAME]
    reflection.enable_server_reflection(names, server)
    keep_loaded()
    await server.start()
    lifecycle.service.open()
    try:
        await wellness.follow(ready, lifecycle)
    finally:
        await _stop(server, calls)


async def _stop(server: grpc.aio.Server, calls: Calls) -> None:
    """Finish the calls that are under way; those that only watch are not waited for."""
    stopping = asyncio.create_task(server.stop(_GRACE), name="stop")
    # calls that have arrived begin before the loop comes round
    await asyncio.sleep(0)
    idle = asyncio.create_task(calls.idle.wait(), name="idle")
    await asyncio.wait((stopping, idle), return_when=asyncio.FIRST_COMPLETED)
    idle.cancel()
    await server.stop(None)
    await stopping


def bounded_server(address: str, handlers: Sequence[Handler], limits: Limits) -> grpc.aio.Server:
    """A server at that address that takes no more than the limits. Raises SettingsError."""
    server = grpc.aio.server(
        handlers=handlers, options=_options(limits), maximum_concurrent_rpcs=limits.max_calls
    )
    listen(server, address)
    return server


def _options(limits: Limits) -> list[tuple[str, int]]:
    """Beyond a size or number a call is RESOURCE_EXHAUSTED; a dead connection is noticed."""
    return [
        # two servers on one port would share its calls in silence
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", _message_bytes(limits)),
        ("grpc.max_metadata_size", limits.max_header_bytes),
        ("grpc.absolute_max_metadata_size", limits.max_header_bytes),
        ("grpc.max_concurrent_streams", limits.max_calls),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # what a call has not asked for yet stays with its client, and is not held here
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", _LOOKAHEAD),
        ("grpc.experimental.tcp_max_read_chunk_size", _LOOKAHEAD),
        # clients may ping every 10 s
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]


def _message_bytes(limits: Limits) -> int:
    return min(2 * limits.max_body_bytes, limits.max_message_bytes)


if __name__ == "__main__":
    main(start("producer-grpc-server", NEEDED, serve))
