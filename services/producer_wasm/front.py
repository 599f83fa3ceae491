"""`python -m services.producer_wasm.front`: HTTP in front of the worker of the same pod."""

from __future__ import annotations

import asyncio

from scenarios.loading import load
from scenarios.scenario import HttpRoutes, Scenario
from services.producer_wasm.forward import Forward
from services.queues.registry import served
from services.shared import golden
from services.shared.entrance import Entrance
from services.shared.ingest_app import IngestApp
from services.shared.lifecycle import Lifecycle
from services.shared.loop import run
from services.shared.openapi import Json, encoded, ingest_operations, openapi
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.web import serving
from wire.ending import end

NEEDED = ("http_port", "admin_port", "worker_port")
_NOWHERE = HttpRoutes((), {})
"""Of a scenario that has no [wasm]."""


def document(scenario: Scenario, queue: str = "") -> Json:
    """The OpenAPI document of this service, which serves that queue, or the first."""
    queue = queue or scenario.queue
    return openapi("producer-wasm", scenario, ingest_operations(scenario.wasm or _NOWHERE, queue))


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops."""
    scenario = load(settings.scenario)
    worker = (settings.pod_ip, settings.worker_port)
    traffic = golden.outbound("producer-wasm", f"{worker[0]}:{worker[1]}")
    forward = Forward(*worker, lifecycle.gate("worker"), traffic)
    app = IngestApp(
        scenario.wasm or _NOWHERE,
        forward.accept,
        golden.inbound(f"{settings.pod_ip}:{settings.http_port}"),
        settings.limits,
        document=encoded(document(scenario, served(settings, scenario))),
        get_writes=settings.compat_get_writes,
    )
    door = (settings.pod_ip, settings.http_port, "HTTP_PORT", settings.limits)
    entrance = Entrance(app, settings.guests, writes_by_get=settings.compat_get_writes)
    connected = asyncio.create_task(forward.run(), name="worker")
    try:
        async with serving(entrance, *door, whole=True):
            lifecycle.service.open()
            await lifecycle.stopping.wait()
    finally:
        await end((connected,))


if __name__ == "__main__":
    main(start("producer-wasm-front", NEEDED, serve, runner=run))
