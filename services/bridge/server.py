"""`python -m services.bridge.server`: stores and counts what comes over the bridge."""

from __future__ import annotations

import asyncio
import contextlib

import grpc
from prometheus_client import REGISTRY

from scenarios.loading import load
from scenarios.scenario import QUEUE
from services.bridge.admission import Admission
from services.bridge.applying import Applying
from services.bridge.lag import LagGauge
from services.bridge.messages import MAX_MESSAGE
from services.consumer.stores import Stores, storing
from services.shared import golden
from services.shared.beside import run_beside
from services.shared.dependencies import AbandonedError
from services.shared.grpc_port import listen
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings
from services.shared.start import main, start
from wire.ending import end

NEEDED = ("redis_url", "mongo_url", "grpc_port", "admin_port", "bridge_token")

AT_ONCE = 16
"""Calls that are under way at a time; what comes beyond is refused, so memory is bounded."""
_LOOK_EVERY = 1.0
_GRACE = 10.0
_OPTIONS = (
    # two servers on one port would share its calls in silence
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # clients may ping every 5 s, also without a call
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops. Ready while both stores answer."""
    scenario = load(settings.scenario)
    liveness = lifecycle.liveness("stores")
    stopping = lifecycle.stopping.is_set
    address = f"{settings.pod_ip}:{settings.grpc_port}"
    lag = LagGauge()
    REGISTRY.register(lag)
    # what comes over the bridge has come by Kafka
    side = scenario.side(QUEUE) if QUEUE in scenario.queues else ""
    async with storing(settings, scenario, lifecycle.gate, liveness, side) as stores:
        try:
            await stores.ensure(stopping)
        except AbandonedError:
            return
        applying = Applying(scenario.name, stores, golden.inbound(address), lag)
        server = _server(address, applying, settings.bridge_token)
        await server.start()
        lifecycle.service.open()
        looking = run_beside(lambda: _look(stores, liveness, lifecycle), "look at the stores")
        try:
            await lifecycle.stopping.wait()
        finally:
            await server.stop(_GRACE)
            await end([looking])


async def _look(stores: Stores, liveness: Liveness, lifecycle: Lifecycle) -> None:
    """Asks the stores again and again: a server that is not ready gets no calls to learn by."""
    with contextlib.suppress(AbandonedError):
        while True:
            await stores.look(lifecycle.stopping.is_set)
            liveness.beat()
            await asyncio.sleep(_LOOK_EVERY)


def _server(address: str, applying: Applying, token: str) -> grpc.aio.Server:
    server = grpc.aio.server(
        handlers=[applying.handler()],
        interceptors=[Admission(token)],
        options=_OPTIONS,
        maximum_concurrent_rpcs=AT_ONCE,
    )
    listen(server, address)
    return server


if __name__ == "__main__":
    main(start("bridge-server", NEEDED, serve))
