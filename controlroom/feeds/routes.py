"""Every route of every deployment from Prometheus, with whole histograms: two questions a round."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.model.queries import route_queries
from controlroom.model.routes import Routes, parse
from controlroom.targets.prometheus import Series, series
from wire.plain_http import http_client

if TYPE_CHECKING:
    import httpx


class RoutesSource:
    """Some hundred series, and a detail: asked seldom, and only while somebody has it in sight."""

    name = "routes"
    period = 5.0
    calm_period = 5.0
    timeout = 5.0
    needs: tuple[str, ...] = ("httpx",)

    def __init__(self, endpoints: LiveEndpoints, window: int = 30) -> None:
        self._endpoints = endpoints
        self._window = window
        self._client: httpx.AsyncClient | None = None
        self._queries: tuple[str, ...] = ()

    async def open(self) -> None:
        """Finds Prometheus and keeps one connection to it."""
        self._queries = route_queries(await self._endpoints.namespace(), self._window)
        self._client = http_client(await self._endpoints.prometheus())

    async def read(self) -> Routes:
        """One round."""
        wanted = zip(self._queries, (("le",), ()), strict=True)
        buckets, responses = await asyncio.gather(*(self._asked(q, *ls) for q, ls in wanted))
        return parse(buckets, responses, self._window)

    async def _asked(self, query: str, *labels: str) -> Sequence[Series]:
        assert self._client is not None
        return await series(self._client, query, *labels)

    @staticmethod
    def same(before: Routes, now: Routes) -> bool:
        """Whether nobody has to be told: what changes here changes the golden metrics too."""
        return True

    async def close(self) -> None:
        """Closes the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
