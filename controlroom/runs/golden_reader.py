"""Golden metrics of a target, asked of its Prometheus now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from controlroom.model.golden import GoldenMetrics, parse
from controlroom.model.queries import STAT, TrafficRow, golden_query
from controlroom.targets.abilities import Located, TargetError
from controlroom.targets.prometheus import series
from wire.plain_http import http_client

if TYPE_CHECKING:
    import httpx

PATIENCE = 4.0


class GoldenReader:
    """Connects when it is asked first, and anew after each failure."""

    def __init__(self, target: Located) -> None:
        self._target = target
        self._client: httpx.AsyncClient | None = None
        self._namespace = ""
        self._one_at_a_time = asyncio.Lock()

    async def read(self, window: int, rows: Sequence[TrafficRow]) -> GoldenMetrics | None:
        """The rows over the last `window` seconds; None where Prometheus does not answer."""
        import httpx

        async with self._one_at_a_time:
            try:
                return await self._ask(window, rows)
            except (httpx.HTTPError, TargetError, OSError):
                await self.close()
                return None

    async def _ask(self, window: int, rows: Sequence[TrafficRow]) -> GoldenMetrics:
        if self._client is None:
            info, endpoints = await self._target.info(), await self._target.endpoints()
            self._namespace = info.details.get("namespace", "default")
            self._client = http_client(endpoints.address("prometheus"), PATIENCE)
        query = golden_query(self._namespace, window, rows)
        return parse(await series(self._client, query, STAT, "direction"), window, rows)

    async def close(self) -> None:
        """Lets go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
