"""Linkerd's links and mirrored services, watched where the cluster has them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from controlroom.model.links import ClusterLink, ClusterLinks
from controlroom.targets.abilities import Denied, TargetError
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.mirror import Mirror
from controlroom.targets.kubernetes.resources import LINKS, SERVICES, Json

HOME = "linkerd-multicluster"
"""Namespace that the extension is installed in."""
MIRRORED = "mirror.linkerd.io/mirrored-service"
CLUSTER = "mirror.linkerd.io/cluster-name"
"""Labels of a mirrored Service; https://linkerd.io/2-edge/reference/multicluster/"""
LOOK_AGAIN = 60.0
"""Seconds until a cluster that did not serve links is asked again."""


class LinkWatch:
    """Watches nothing before the cluster serves links, as most do not."""

    def __init__(self, api: Api, namespace: str, changed: Callable[[], None]) -> None:
        self._api = api
        self._changed = changed
        self._links = Mirror(api, LINKS, HOME, changed)
        self._services = Mirror(api, SERVICES, namespace, changed, selector=MIRRORED)
        self._served: bool | None = None

    async def run(self) -> None:
        """Never returns; ends by cancellation."""
        while not self._served:
            with contextlib.suppress(TargetError):
                self._served = await self._api.exists(f"/apis/{LINKS.group}/{LINKS.version}")
                self._changed()
            if not self._served:
                await asyncio.sleep(LOOK_AGAIN)
        await asyncio.gather(self._links.run(), self._services.run())

    def now(self) -> ClusterLinks | None:
        """As they are known; None while nobody has answered."""
        if self._served is None:
            return None
        if not self._served:
            return ClusterLinks(installed=False)
        return ClusterLinks(True, read(self._links.objects, self._services.objects))

    @property
    def notes(self) -> list[str]:
        """Which right is missing to see them."""
        mirrors = (self._links, self._services)
        return [str(one.error) for one in mirrors if isinstance(one.error, Denied)]


def read(links: Iterable[Json], services: Iterable[Json]) -> tuple[ClusterLink, ...]:
    """Links in the words of the room; mirrored services that no link explains are listed too."""
    mirrored: dict[str, list[str]] = {}
    for one in services:
        meta = one["metadata"]
        cluster = str((meta.get("labels") or {}).get(CLUSTER, ""))
        mirrored.setdefault(cluster, []).append(str(meta["name"]))
    found = []
    for one in sorted(links, key=lambda link: str(link["metadata"]["name"])):
        spec = one.get("spec") or {}
        cluster = str(spec.get("targetClusterName") or one["metadata"]["name"])
        address, port = spec.get("gatewayAddress") or "", spec.get("gatewayPort") or ""
        gateway = f"{address}:{port}" if address else ""
        names = tuple(sorted(mirrored.pop(cluster, ())))
        found.append(ClusterLink(cluster, gateway, names, _trouble(one)))
    for cluster, left in sorted(mirrored.items()):
        found.append(ClusterLink(cluster, "", tuple(sorted(left)), "its Link is gone"))
    return tuple(found)


def _trouble(one: Json) -> str:
    """The first service that could not be mirrored, and why."""
    for service in (one.get("status") or {}).get("mirrorServices") or ():
        for condition in service.get("conditions") or ():
            if condition["status"] == "False":
                why = condition.get("message") or condition.get("reason", "")
                return f"{service['remoteRef']['name']}: {why}"
    return ""
