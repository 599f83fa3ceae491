"""Whether gateways of other clusters answer, from the probes of Linkerd's service mirror."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controlroom.feeds.endpoints import AskAddress
from controlroom.model.links import ClusterLinks
from controlroom.model.queries import GATEWAYS
from controlroom.targets.abilities import TargetError
from controlroom.targets.prometheus import series
from wire.plain_http import http_client

if TYPE_CHECKING:
    import httpx

PERIOD = 5.0
"""Seconds between two questions; a gateway is probed every three."""
TIMEOUT = 1.0
Probes = Mapping[tuple[str, str], float]
"""Part and cluster -> figure."""


class Gateways:
    """Asks Prometheus now and then; says nothing where it does not answer."""

    def __init__(self, where: AskAddress) -> None:
        self._where = where
        self._client: httpx.AsyncClient | None = None
        self._asked = float("-inf")
        self._probes: Probes = {}

    async def told(self, links: ClusterLinks) -> ClusterLinks:
        """The links with what their probes say."""
        if not links.links:
            return links
        if time.monotonic() - self._asked >= PERIOD:
            self._asked = time.monotonic()
            self._probes = await self._ask()
        return joined(links, self._probes)

    async def close(self) -> None:
        """Closes the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _ask(self) -> Probes:
        import httpx

        try:
            if self._client is None:
                url = await self._where()
                self._client = http_client(url, TIMEOUT)
            found = await series(self._client, GATEWAYS, "part")
        except (httpx.HTTPError, TargetError):
            await self.close()
            return {}
        return parse(found)


def parse(result: Sequence[Mapping[str, Any]]) -> Probes:
    """Of one answer of Prometheus; a percentile without a probe is left out."""
    found = {
        (one["metric"]["part"], one["metric"].get("target_cluster_name", "")): float(
            one["value"][1]
        )
        for one in result
    }
    return {key: figure for key, figure in found.items() if figure == figure}


def joined(links: ClusterLinks, probes: Probes) -> ClusterLinks:
    """The links with what is known of their gateways."""
    told = []
    for one in links.links:
        alive = probes.get(("alive", one.cluster))
        told.append(
            replace(
                one,
                alive=None if alive is None else alive > 0,
                latency=probes.get(("p95", one.cluster)),
            )
        )
    return replace(links, links=tuple(told))
