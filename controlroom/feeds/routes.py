"""Golden metrics by route and by neighbour, from Prometheus, for whoever looks closer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import AskAddress
from controlroom.model.queries import routes_query
from controlroom.model.routes import Routes, parse
from wire.plain_http import http_client

if TYPE_CHECKING:
    import httpx


class RoutesSource:
    """All of them by one request, seldom: it is the larger one, and a detail."""

    name = "routes"
    period = 5.0
    calm_period = 5.0
    timeout = 4.0
    needs: tuple[str, ...] = ("httpx",)

    def __init__(self, where: AskAddress, namespace: AskAddress, window: int = 30) -> None:
        self._where = where
        self._namespace = namespace
        self._window = window
        self._query = ""
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Finds Prometheus and keeps one connection to it."""
        self._query = routes_query(await self._namespace(), self._window)
        self._client = http_client(await self._where())

    async def read(self) -> Routes:
        """One round of all queries."""
        assert self._client is not None
        answer = await self._client.post("/api/v1/query", data={"query": self._query})
        answer.raise_for_status()
        return parse(answer.json()["data"]["result"], self._window)

    @staticmethod
    def same(before: Routes, now: Routes) -> bool:
        """Whether nobody has to be told: what changes here changes the golden metrics too."""
        return True

    async def close(self) -> None:
        """Closes the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
