"""The Job that holds the end of a fault: it puts pods back even if room and runner are dead."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

ACCOUNT = "controlroom-faults"
"""ServiceAccount of k8s/components/rbac that may put images of pods back, and nothing else."""
FAULT = "controlroom/fault"
"""Label of everything that belongs to a fault, with its id; on a pod: it is held down by it."""
IMAGES = "controlroom/images"
"""Annotation of a pod that is held down: container -> image, as JSON."""
KEPT = 600
"""Seconds that a Job that is done stays for the room to see."""

SCRIPT = """
import json, os, ssl, time, urllib.request
place = "/var/run/secrets/kubernetes.io/serviceaccount/"
tls = ssl.create_default_context(cafile=place + "ca.crt")
server = "https://kubernetes.default.svc/api/v1/namespaces/"
def ask(method, path, body=None):
    head = {"Authorization": "Bearer " + open(place + "token").read(),
            "Content-Type": "application/strategic-merge-patch+json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server + path, data, head, method=method)
    return json.load(urllib.request.urlopen(request, timeout=10, context=tls))
print("holding until", os.environ["ENDS"], flush=True)
while time.time() < float(os.environ["ENDS"]):
    time.sleep(min(1.0, max(0.0, float(os.environ["ENDS"]) - time.time())))
left = True
while left:
    left = False
    for space in os.environ["NAMESPACES"].split(","):
        try:
            chosen = "controlroom%2Ffault%3D" + os.environ["FAULT"]
            for pod in ask("GET", space + "/pods?labelSelector=" + chosen)["items"]:
                meta = pod["metadata"]
                images = json.loads(meta["annotations"]["controlroom/images"])
                back = [{"name": name, "image": image} for name, image in images.items()]
                ask("PATCH", space + "/pods/" + meta["name"], {
                    "metadata": {"labels": {"controlroom/fault": None},
                                 "annotations": {"controlroom/images": None}},
                    "spec": {"containers": back}})
                print("put back", space, meta["name"], flush=True)
        except Exception as error:
            left = True
            print("not yet:", error, flush=True)
            time.sleep(1)
"""
"""Standard library only, as it runs in the image of the services."""


def job(
    fault: str,
    namespace: str,
    namespaces: Sequence[str],
    image: str,
    ends: float,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """The Job. `ends` in seconds since the epoch; it is tried again until it has succeeded."""
    variables = {"ENDS": f"{ends:.1f}", "FAULT": fault, "NAMESPACES": ",".join(namespaces)}
    container = {
        "name": "holder",
        "image": image,
        "command": ["python", "-c", SCRIPT],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"memory": "96Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "serviceAccountName": ACCOUNT,
        "restartPolicy": "OnFailure",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": fault, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "backoffLimit": 1000,
            "ttlSecondsAfterFinished": KEPT,
            # the labels of the fault stay off its pod: a holder must never be held
            "template": {"metadata": {"labels": {"app.kubernetes.io/name": "holder"}}, "spec": pod},
        },
    }


def held(pod: Mapping[str, Any], fault: str, image: str) -> dict[str, Any]:
    """The patch that holds a pod down: no container has an image that can be had."""
    images = {one["name"]: one["image"] for one in pod["spec"]["containers"]}
    return {
        "metadata": {"labels": {FAULT: fault}, "annotations": {IMAGES: json.dumps(images)}},
        "spec": {"containers": [{"name": name, "image": image} for name in images]},
    }


def released(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The patch that puts it back."""
    images = json.loads(pod["metadata"]["annotations"][IMAGES])
    return {
        "metadata": {"labels": {FAULT: None}, "annotations": {IMAGES: None}},
        "spec": {"containers": [{"name": name, "image": image} for name, image in images.items()]},
    }
