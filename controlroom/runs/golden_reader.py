"""Golden metrics of a target, asked of its Prometheus now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from controlroom.model.golden import GoldenMetrics, parse
from controlroom.model.queries import STAT, TrafficRow, counters_query, golden_query
from controlroom.targets.abilities import Located, TargetError
from controlroom.targets.prometheus import Series, series
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
        found = await self._answer(
            lambda namespace: golden_query(namespace, window, rows), STAT, "direction"
        )
        return None if found is None else parse(found, window, rows)

    async def counters(self, rows: Sequence[TrafficRow]) -> Sequence[Series] | None:
        """The counters of their answers, for `Counted.see`; None where Prometheus does not
        answer."""
        return await self._answer(lambda namespace: counters_query(namespace, rows))

    async def _answer(self, query: Callable[[str], str], *labels: str) -> Sequence[Series] | None:
        import httpx

        async with self._one_at_a_time:
            try:
                return await self._ask(query, labels)
            except (httpx.HTTPError, TargetError, OSError):
                await self.close()
                return None

    async def _ask(self, query: Callable[[str], str], labels: Sequence[str]) -> Sequence[Series]:
        if self._client is None:
            info, endpoints = await self._target.info(), await self._target.endpoints()
            self._namespace = info.details.get("namespace", "default")
            self._client = http_client(endpoints.address("prometheus"), PATIENCE)
        return await series(self._client, query(self._namespace), *labels)

    async def close(self) -> None:
        """Lets go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
