"""What a cluster needs beside its own programs: name service, metrics of pods, volumes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import httpx

from host.paths import write_private
from lab import pki
from lab.commands import call
from lab.plan import DOMAIN, ClusterPlan
from lab.programs import IMAGES

MANIFESTS = Path(__file__).resolve().parent / "manifests"
DEPLOYMENTS = ("coredns", "metrics-server")
METRICS = "v1beta1.metrics.k8s.io"


async def apply(cluster: ClusterPlan, programs: Path) -> None:
    """Applies all manifests. Raises StackError."""
    config = cluster.folder / "admin.kubeconfig"
    write_private(config, json.dumps(pki.kubeconfig([pki.admin_entry(cluster)])))
    kubectl = (str(programs / "kubectl"), f"--kubeconfig={config}", "apply", "--server-side")
    await call(*kubectl, "--field-manager=lab", "--filename=-", text=manifests(cluster))


def manifests(cluster: ClusterPlan) -> str:
    """All of them as one stream of YAML, filled in for this cluster."""
    images = {image.program: image.name for image in IMAGES}
    texts = [
        Template(path.read_text()).substitute(
            domain=DOMAIN, dns=cluster.dns, image=images.get(path.stem, "")
        )
        for path in sorted(MANIFESTS.glob("*.yaml"))
    ]
    return "\n---\n".join(texts)


async def missing(api: httpx.AsyncClient) -> list[str]:
    """Names of those that do not serve yet."""
    try:
        listed = await api.get("/apis/apps/v1/namespaces/kube-system/deployments")
        metrics = await api.get(f"/apis/apiregistration.k8s.io/v1/apiservices/{METRICS}")
    except httpx.HTTPError:
        return [*DEPLOYMENTS, METRICS]
    ready = {
        one["metadata"]["name"]
        for one in listed.json().get("items", [])
        if one["status"].get("readyReplicas")
    }
    left = [name for name in DEPLOYMENTS if name not in ready]
    return left if _available(metrics.json()) else [*left, METRICS]


def _available(service: Mapping[str, Any]) -> bool:
    conditions = service.get("status", {}).get("conditions", [])
    return any(one["type"] == "Available" and one["status"] == "True" for one in conditions)
