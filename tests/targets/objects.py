"""Objects as controllers and kubelets would write them, for a cluster that has neither."""

from __future__ import annotations

import asyncio
from typing import Any

from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import DEPLOYMENTS, PODS

STRATEGIC = "application/strategic-merge-patch+json"
IMAGE = "localhost/controlroom/services:0.1.0"
AT_ONCE = 16


def deployment(name: str, replicas: int = 2) -> dict[str, Any]:
    """A Deployment with one container."""
    labels = {"app.kubernetes.io/name": name}
    container = {
        "name": "main",
        "image": IMAGE,
        "command": ["python", "-c", "pass"],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def pod(name: str, owner: str) -> dict[str, Any]:
    """A pod of a ReplicaSet of that Deployment."""
    reference = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"{owner}-abc",
        "uid": "0000",
        "controller": True,
    }
    labels = {"app.kubernetes.io/name": owner, "pod-template-hash": "abc"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels, "ownerReferences": [reference]},
        "spec": {
            "containers": [{"name": "main", "image": IMAGE}],
            "terminationGracePeriodSeconds": 0,
        },
    }


RUNNING = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [
        {
            "name": "main",
            "ready": True,
            "restartCount": 3,
            "image": IMAGE,
            "imageID": "",
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        }
    ],
}


async def make_pod(
    api: Api, namespace: str, name: str, owner: str, status: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A pod with a status, as a kubelet would leave it."""
    await api.create(PODS.path(namespace), pod(name, owner))
    path = PODS.path(namespace, name, "status")
    done: dict[str, Any] = await api.patch(path, {"status": status or RUNNING}, STRATEGIC)
    return done


async def make_pods(api: Api, namespace: str, owner: str, number: int) -> None:
    """So many ready pods, `OWNER-000` and on."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def make(n: int) -> None:
        async with limit:
            await make_pod(api, namespace, f"{owner}-{n:03d}", owner)

    await asyncio.gather(*(make(n) for n in range(number)))


async def make_deployment(api: Api, namespace: str, name: str, ready: int, replicas: int) -> None:
    """A Deployment with a status, as its controller would leave it."""
    made = await api.create(DEPLOYMENTS.path(namespace), deployment(name, replicas))
    status = {
        "observedGeneration": made["metadata"]["generation"],
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": replicas - ready,
    }
    path = DEPLOYMENTS.path(namespace, name, "status")
    await api.patch(path, {"status": status}, STRATEGIC)
