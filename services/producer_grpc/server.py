"""`python -m services.producer_grpc.server`: events by gRPC, onto Kafka."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from scenarios.events import MAX_BODY, EventCodec
from scenarios.loading import load
from services.producer_grpc.calls import Handler
from services.producer_grpc.ingest import Ingest
from services.producer_grpc.routes import Route, RoutesHandler
from services.shared import golden
from services.shared.intake import Intake
from services.shared.ledger import keeping
from services.shared.lifecycle import Lifecycle
from services.shared.publisher import publishing
from services.shared.settings import Settings, SettingsError
from services.shared.start import main, start

NEEDED = ("kafka_bootstrap", "redis_url", "ledger_dir", "grpc_port", "admin_port")
_GRACE = 10.0
_OPTIONS = (
    # two servers on one port would share its calls in silence
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 2 * MAX_BODY),
)


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops."""
    scenario = load(settings.scenario)
    address = f"{settings.pod_ip}:{settings.grpc_port}"
    async with (
        keeping(settings, scenario.name) as ledger,
        publishing(settings, scenario.name, lifecycle) as publisher,
    ):
        intake = Intake(EventCodec(scenario), publisher, ledger, "grpc")
        traffic = golden.inbound(address)
        routes = [Route(route, intake) for route in scenario.grpc]
        server = _server(address, [Ingest(intake).handler(traffic), RoutesHandler(routes, traffic)])
        await server.start()
        try:
            await lifecycle.stopping.wait()
        finally:
            await server.stop(_GRACE)


def _server(address: str, handlers: Sequence[Handler]) -> grpc.aio.Server:
    server = grpc.aio.server(handlers=handlers, options=_OPTIONS)
    try:
        server.add_insecure_port(address)
    except RuntimeError as error:
        raise SettingsError(
            f"cannot listen on {address}", "free the port, or set GRPC_PORT and POD_IP"
        ) from error
    return server


if __name__ == "__main__":
    main(start("producer-grpc-server", NEEDED, serve))
