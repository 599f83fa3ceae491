"""`python -m services.producer_http`: events by HTTP, onto the queue."""

from __future__ import annotations

from scenarios.events import EventCodec
from scenarios.loading import load
from scenarios.scenario import Scenario
from services.queues.registry import publishing, served, side
from services.shared import golden
from services.shared.acknowledged import keeping
from services.shared.entrance import Entrance
from services.shared.heap import keep_loaded
from services.shared.ingest_app import IngestApp
from services.shared.intake import Intake
from services.shared.lifecycle import Lifecycle
from services.shared.loop import run
from services.shared.openapi import Json, encoded, ingest_operations, openapi
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.web import serving

NEEDED = ("ledger_dir", "http_port", "admin_port")


def document(scenario: Scenario, queue: str = "") -> Json:
    """The OpenAPI document of this service, which serves that queue, or the first."""
    queue = queue or scenario.queue
    return openapi("producer-http", scenario, ingest_operations(scenario.http, queue))


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops."""
    scenario = load(settings.scenario)
    async with (
        keeping(settings, scenario.name, side(settings, scenario)) as acknowledged,
        publishing(settings, scenario, lifecycle) as publisher,
    ):
        origin = settings.origin or "http"
        intake = Intake(EventCodec(scenario), publisher, acknowledged, origin, settings.dedup)
        traffic = golden.inbound(f"{settings.pod_ip}:{settings.http_port}")
        app = IngestApp(
            scenario.http,
            intake.accept,
            traffic,
            settings.limits,
            document=encoded(document(scenario, served(settings, scenario))),
            get_writes=settings.compat_get_writes,
        )
        door = (settings.pod_ip, settings.http_port, "HTTP_PORT", settings.limits)
        entrance = Entrance(app, settings.guests, writes_by_get=settings.compat_get_writes)
        keep_loaded()
        async with serving(entrance, *door, whole=True):
            lifecycle.service.open()
            await lifecycle.stopping.wait()


if __name__ == "__main__":
    main(start("producer-http", NEEDED, serve, runner=run))
