"""Builds one consumer from its settings and keeps it running."""

from __future__ import annotations

import asyncio
import contextlib

from scenarios.loading import load
from services.consumer.stores import storing
from services.queues.registry import receiving
from services.shared.dependencies import AbandonedError
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings

NEEDED = ("redis_url", "mongo_url")


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Consumes until the lifecycle says stop."""
    scenario = load(settings.scenario)
    liveness = lifecycle.liveness("loop")
    stopping = lifecycle.stopping.is_set
    lifecycle.service.open()  # it has no door of its own; its dependencies have gates
    async with (
        storing(settings, scenario, lifecycle.gate, liveness) as stores,
        receiving(settings, scenario, lifecycle, liveness) as receiver,
    ):
        with contextlib.suppress(AbandonedError):
            await asyncio.gather(receiver.ensure(stopping), stores.ensure(stopping))
            await receiver.consume(stores, lifecycle, liveness)
