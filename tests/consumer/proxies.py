"""Own toxiproxy links between a service and the engines, to be cut at will."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator

import httpx

from stack.engines.toxiproxy import api_client
from tests.ports import free_port


class Link:
    """One proxy; `url` is the upstream's with the link's own host and port."""

    def __init__(self, client: httpx.AsyncClient, name: str, url: str) -> None:
        self.url = url
        self._client = client
        self._name = name

    async def cut(self) -> None:
        """Nothing goes through, and what was open is closed."""
        await self._enable(False)

    async def mend(self) -> None:
        """Everything goes through again."""
        await self._enable(True)

    async def black_hole(self) -> None:
        """Connections stay open and carry nothing any more."""
        toxic = {"name": "hole", "type": "timeout", "attributes": {"timeout": 0}}
        for stream in ("upstream", "downstream"):
            given = {**toxic, "name": f"hole-{stream}", "stream": stream}
            answer = await self._client.post(f"/proxies/{self._name}/toxics", json=given)
            answer.raise_for_status()

    async def fill_hole(self) -> None:
        """The end of a black hole."""
        for stream in ("upstream", "downstream"):
            answer = await self._client.delete(f"/proxies/{self._name}/toxics/hole-{stream}")
            answer.raise_for_status()

    async def slow(self, milliseconds: int = 200, jitter: int = 50) -> None:
        """Every answer comes late."""
        given = {
            "name": "slow",
            "type": "latency",
            "stream": "downstream",
            "attributes": {"latency": milliseconds, "jitter": jitter},
        }
        answer = await self._client.post(f"/proxies/{self._name}/toxics", json=given)
        answer.raise_for_status()

    async def fast(self) -> None:
        """The end of that."""
        answer = await self._client.delete(f"/proxies/{self._name}/toxics/slow")
        answer.raise_for_status()

    async def _enable(self, enabled: bool) -> None:
        answer = await self._client.post(f"/proxies/{self._name}", json={"enabled": enabled})
        answer.raise_for_status()


@contextlib.asynccontextmanager
async def link(toxiproxy: str, upstream: str) -> AsyncIterator[Link]:
    """A link to `upstream` (host:port, or a URL of one), taken away at the end."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    target = upstream.rpartition("//")[2].partition("/")[0].rpartition("@")[2]
    address = f"127.0.0.1:{free_port()}"
    async with api_client(toxiproxy) as client:
        given = {"name": name, "listen": address, "upstream": target, "enabled": True}
        (await client.post("/proxies", json=given)).raise_for_status()
        try:
            yield Link(client, name, upstream.replace(target, address))
        finally:
            await client.delete(f"/proxies/{name}")
