"""The standard health service, as true as the readiness of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio  # type: ignore[attr-defined]  # absent from its stubs

from services.shared.lifecycle import Lifecycle


class Wellness:
    """SERVING for the whole server (`""`) and each service of it while events are taken."""

    def __init__(self, server: grpc.aio.Server, services: Sequence[str]) -> None:
        self._names = ("", *services)
        self._health = aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)

    async def follow(self, ready: asyncio.Event, lifecycle: Lifecycle) -> None:
        """SERVING from `ready` on, NOT_SERVING before and from the drain on, until the stop."""
        await self._set(health_pb2.HealthCheckResponse.NOT_SERVING)
        serving = asyncio.create_task(self._serve(ready), name="health")
        try:
            await lifecycle.draining.wait()
            serving.cancel()
            await self._health.enter_graceful_shutdown()
            await lifecycle.stopping.wait()
        finally:
            serving.cancel()

    async def _serve(self, ready: asyncio.Event) -> None:
        await ready.wait()
        await self._set(health_pb2.HealthCheckResponse.SERVING)

    async def _set(self, status: health_pb2.HealthCheckResponse.ServingStatus.ValueType) -> None:
        for name in self._names:
            await self._health.set(name, status)
