"""`python -m services.bridge.worker`: reads Kafka for stores in another cluster."""

from __future__ import annotations

import contextlib

import grpc
from prometheus_client import REGISTRY

from scenarios.loading import load
from services.bridge import lag
from services.bridge.acknowledged import AcknowledgedSender
from services.bridge.messages import MAX_MESSAGE
from services.bridge.remote import BridgeError, RemoteSink
from services.pb.bridge_pb2_grpc import BridgeStub
from services.queues.kafka.member import membership
from services.shared.beside import run_beside
from services.shared.busy import waits_for
from services.shared.dependencies import AbandonedError, Dependency
from services.shared.lifecycle import Lifecycle
from services.shared.loop import run
from services.shared.settings import Settings
from services.shared.start import main, start
from wire.ending import end

NEEDED = ("kafka_bootstrap", "bridge_socket", "admin_port")
_OPTIONS = (
    ("grpc.max_send_message_length", MAX_MESSAGE),
    # the client of the pod may be restarted alone and is back soon
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Reads, and has stored, until the lifecycle says stop.

    Not ready while the remote side is away: nobody calls a worker, so that costs nothing, and a
    rollout does not go on with pods of which none has reached the remote side.
    """
    scenario = load(settings.scenario)
    liveness = lifecycle.liveness("loop")
    server = Dependency(lifecycle.gate("bridge"), liveness, (BridgeError,), waits_for("bridge"))
    lags = lag.LagGauge()
    REGISTRY.register(lags)
    lifecycle.service.open()  # it has no door of its own; its dependencies have gates
    async with (
        grpc.aio.insecure_channel(f"unix:{settings.bridge_socket}", options=_OPTIONS) as channel,
        membership(settings, scenario.name, lifecycle, liveness) as member,
    ):
        stub = BridgeStub(channel)
        beside = [run_beside(lambda: lag.watch(member, lags), "lag")]
        if settings.ledger_dir is not None:
            publication = AcknowledgedSender(settings.ledger_dir, scenario.name, stub)
            beside.append(run_beside(publication.run, "publication of the counts"))
        try:
            with contextlib.suppress(AbandonedError):
                await member.ensure(lifecycle.stopping.is_set)
                await member.consume(RemoteSink(scenario.name, stub, server), lifecycle, liveness)
        finally:
            await end(beside)


if __name__ == "__main__":
    main(start("bridge-worker", NEEDED, serve, drain_seconds=0.0, runner=run))
