"""Links to other clusters: Linkerd's own CRD on a real API server, probes by a real Prometheus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from controlroom.feeds import gateways
from controlroom.feeds.fleet import FleetSource
from controlroom.feeds.gateways import Gateways
from controlroom.model.links import ClusterLink, ClusterLinks
from controlroom.targets.kubernetes import links as module
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import LINKS, SERVICES
from controlroom.targets.kubernetes.target import KubernetesTarget
from tests import crds
from tests.prometheus import Scraped, listening, scraping
from tests.targets.control_plane import CONTEXT, ControlPlane
from tests.targets.objects import make_deployment
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]

SCHEMA = "multicluster.linkerd.io_links.yaml"


def link(cluster: str) -> dict[str, Any]:
    """As `linkerd multicluster link-gen` writes one."""
    return {
        "apiVersion": "multicluster.linkerd.io/v1alpha3",
        "kind": "Link",
        "metadata": {"name": cluster},
        "spec": {
            "targetClusterName": cluster,
            "gatewayAddress": "10.1.2.3",
            "gatewayPort": "4143",
            "probeSpec": {"path": "/ready", "port": "4191", "period": "3s"},
            "selector": {"matchLabels": {"mirror.linkerd.io/exported": "true"}},
        },
    }


def mirrored(name: str, cluster: str) -> dict[str, Any]:
    """A Service as the service mirror makes it."""
    labels = {
        "mirror.linkerd.io/mirrored-service": "true",
        "mirror.linkerd.io/cluster-name": cluster,
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": labels},
        "spec": {"ports": [{"name": "grpc", "port": 50052}]},
    }


STATUS = {
    "mirrorServices": [
        {
            "controllerName": "linkerd.io/service-mirror",
            "remoteRef": {"group": "", "kind": "Service", "name": "bridge", "namespace": "far"},
            "conditions": [
                {
                    "type": "Mirrored",
                    "status": "False",
                    "reason": "Error",
                    "message": "the namespace far is not here",
                    "lastTransitionTime": "2026-11-21T05:00:00Z",
                }
            ],
        }
    ]
}


@pytest.fixture
def served(plane: ControlPlane) -> Iterator[Any]:
    """Installs the kind; it goes with the test, as others expect a cluster without."""
    text = (crds.SCHEMAS / SCHEMA).read_text()

    def install() -> None:
        plane.kubectl("create", "-f", "-", stdin=text)
        name = "crd/links.multicluster.linkerd.io"
        plane.kubectl("wait", "--for=condition=Established", name)
        plane.kubectl("create", "namespace", module.HOME, check=False)

    yield install
    plane.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=text)


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[Scraped]:
    async with scraping(tmp_path) as one:
        yield one


async def make_links(api: Api, namespace: str) -> None:
    """A Link, a Service mirrored by it, one whose Link is gone, and one that is not mirrored."""
    await api.create(LINKS.path(module.HOME), link("west"), fieldValidation="Strict")
    await api.create(SERVICES.path(namespace), mirrored("bridge-server-west", "west"))
    await api.create(SERVICES.path(namespace), mirrored("reader-east", "east"))
    plain = {**mirrored("plain", "west"), "metadata": {"name": "plain"}}
    await api.create(SERVICES.path(namespace), plain)


async def test_links_mirrored_services_and_gateways(
    api: Api,
    namespace: str,
    served: Any,
    prometheus: Scraped,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN", 0.2)
    monkeypatch.setattr(gateways, "PERIOD", 0.0)
    await make_deployment(api, namespace, "web", ready=1, replicas=1)
    target = KubernetesTarget(CONTEXT, namespace)
    source = FleetSource(target, Gateways(prometheus.where))

    async def told() -> ClusterLinks | None:
        return (await source.read()).links

    try:
        assert await until(told, "the cluster has answered") == ClusterLinks(installed=False)
        served()
        await make_links(api, namespace)
        west = ClusterLink("west", "10.1.2.3:4143", ("bridge-server-west",))
        east = ClusterLink("east", "", ("reader-east",), "its Link is gone")

        async def both() -> bool:
            return await told() == ClusterLinks(True, (west, east))

        await until(both, "link and services are seen", timeout=60)
        await api.patch(f"{LINKS.path(module.HOME, 'west')}/status", {"status": STATUS})

        async def troubled() -> bool:
            links = await told()
            return bool(links and links.links[0].trouble == "bridge: the namespace far is not here")

        await until(troubled, "what could not be mirrored is told", timeout=60)
        await until(lambda: listening(prometheus.url), "Prometheus listens", timeout=60)
        prometheus.text = 'gateway_alive{target_cluster_name="west"} 1\n'

        async def alive(wanted: bool) -> bool:
            links = await told()
            return bool(links and links.links[0].alive is wanted and links.links[1].alive is None)

        await until(lambda: alive(True), "the gateway answers", timeout=60)
        prometheus.text = 'gateway_alive{target_cluster_name="west"} 0\n'
        await until(lambda: alive(False), "the gateway is down", timeout=60)
    finally:
        await source.close()
        await target.close()
