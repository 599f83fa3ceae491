"""How busy the parts of the pipeline are, from what the services say of their waiting."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.model.limit import bottleneck, queues
from controlroom.model.queries import busy_query
from controlroom.targets.prometheus import Unreadable, series
from wire.plain_http import http_client

if TYPE_CHECKING:
    import httpx

WINDOW = 10
"""Seconds that a share covers."""
PERIOD = 2.0
"""Seconds between two questions: a window of ten says little more when asked more often."""
TIMEOUT = 1.0


class Limit:
    """Asks Prometheus now and then; says nothing where Prometheus does not answer."""

    def __init__(self, endpoints: LiveEndpoints) -> None:
        self._endpoints = endpoints
        self._query = ""
        self._client: httpx.AsyncClient | None = None
        self._asked = float("-inf")
        self._queued_since = time.monotonic()
        self._busy: Mapping[str, float] = {}

    @property
    def busy(self) -> Mapping[str, float]:
        """The shares as they were told last; empty where Prometheus did not answer."""
        return self._busy

    async def refresh(self) -> None:
        """Asks how busy the parts are, at most every PERIOD seconds. Raises Unreachable."""
        now = time.monotonic()
        if now - self._asked < PERIOD:
            return
        self._asked = now
        self._busy = await self._shares()

    def figure(self, waiting: int) -> str:
        """The part that is at its limit, or empty; `waiting` are events not yet counted."""
        now = time.monotonic()
        if not queues(self._busy, waiting):
            self._queued_since = now
        return bottleneck(self._busy, (now - self._queued_since) / WINDOW)

    async def _shares(self) -> dict[str, float]:
        import httpx

        try:
            if self._client is None:
                self._query = busy_query(await self._endpoints.namespace(), WINDOW)
                url = await self._endpoints.prometheus()
                self._client = http_client(url, TIMEOUT)
            found = await series(self._client, self._query, "part")
        except (httpx.HTTPError, Unreadable):
            await self.close()
            return {}
        return {one["metric"]["part"]: float(one["value"][1]) for one in found}

    async def close(self) -> None:
        """Closes the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
