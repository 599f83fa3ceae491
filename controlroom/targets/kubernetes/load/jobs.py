"""The objects of one load in the cluster: what it sends, the Locust master, its workers."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.targets.abilities import RECORDS, LoadRequest
from controlroom.targets.kubernetes import restricted
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, JOBS

LOAD = "controlroom/load"
"""Label of everything that belongs to a load, with its id."""
ENDS = "controlroom/ends"
"""Annotation of its first Job: until when it is ended at the latest, seconds since the epoch."""
MASTER = "master"
PORT = 5557
"""Where the master waits for its workers."""
FOLDER = "/runs"
KEPT = 600
"""Seconds that Jobs which are done stay for the room to see."""
DRAIN_SECONDS = 30
"""Grace of the master: it waits for what is on its way."""
CUT_SECONDS = 5
Labels = Mapping[str, str]


def request_map(load: str, labels: Labels, request: LoadRequest) -> dict[str, Any]:
    """What master and workers read: the spec, and the records where it has a file."""
    records = {RECORDS: base64.b64encode(request.records).decode()} if request.records else {}
    return {
        "apiVersion": CONFIG_MAPS.api_version,
        "kind": CONFIG_MAPS.kind,
        "metadata": {"name": load, "labels": dict(labels)},
        "data": {"spec.json": request.spec},
        "binaryData": records,
    }


def master_job(
    load: str, labels: Labels, request: LoadRequest, image: str, ends: float
) -> dict[str, Any]:
    """The Job of the master; the other objects of the load belong to it, and go with it."""
    words = [MASTER, f"{FOLDER}/{request.run}", str(request.workers), str(PORT)]
    pod = _pod(load, MASTER, image, request.run, words, DRAIN_SECONDS)
    pod["containers"][0]["ports"] = [{"name": "locust", "containerPort": PORT}]
    made = _job(load, labels, request, pod)
    made["metadata"]["annotations"] = {ENDS: f"{ends:.1f}"}
    return made


def workers_job(
    load: str, labels: Labels, request: LoadRequest, image: str, address: str
) -> dict[str, Any]:
    """The Job of the workers; each learns from its index which part it sends."""
    words = ["worker", f"{FOLDER}/{request.run}", str(request.workers), f"{address}:{PORT}"]
    made = _job(
        f"{load}-workers",
        labels,
        request,
        _pod(load, "worker", image, request.run, words, CUT_SECONDS),
    )
    made["spec"] |= {
        "completionMode": "Indexed",
        "completions": request.workers,
        "parallelism": request.workers,
    }
    return made


def owned_by(master: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`ownerReferences` of what goes when the master's Job goes."""
    meta = master["metadata"]
    return [
        {
            "apiVersion": JOBS.api_version,
            "kind": JOBS.kind,
            "name": meta["name"],
            "uid": meta["uid"],
        }
    ]


def _job(name: str, labels: Labels, request: LoadRequest, pod: Mapping[str, Any]) -> dict[str, Any]:
    role = pod["containers"][0]["name"]
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            # what was sent once is not sent again by a pod that follows
            "backoffLimit": 0,
            "activeDeadlineSeconds": int(request.seconds),
            "ttlSecondsAfterFinished": KEPT,
            "template": {
                "metadata": {
                    "labels": {
                        **labels,
                        "app.kubernetes.io/name": "load",
                        "app.kubernetes.io/component": role,
                    },
                    # a proxy beside it would outlive it, and the load is no part of the pipeline
                    "annotations": {"linkerd.io/inject": "disabled"},
                },
                "spec": pod,
            },
        },
    }


def _pod(
    load: str, role: str, image: str, run: str, words: Sequence[str], grace: int
) -> dict[str, Any]:
    container = {
        "name": role,
        "image": image,
        "command": ["python", "-m", "controlroom.runs.swarm", *words],
        "workingDir": f"{FOLDER}/{run}",
        "resources": {
            "requests": {"cpu": "100m", "memory": "96Mi"},
            "limits": {"memory": "384Mi"},
        },
        "securityContext": restricted.CONTAINER,
        "volumeMounts": [
            {"name": "request", "mountPath": f"{FOLDER}/{run}", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": grace,
        "securityContext": {**restricted.POD, "runAsGroup": 10001},
        "containers": [container],
        "volumes": [
            {"name": "request", "configMap": {"name": load}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
