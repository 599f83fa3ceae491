"""The Job that holds the end of a fault: it puts pods back even if room and runner are dead."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.targets.kubernetes import restricted

ACCOUNT = "controlroom-faults"
"""ServiceAccount of k8s/components/rbac that may put images of pods back, and nothing else."""
FAULT = "controlroom/fault"
"""Label of everything that belongs to a fault, with its id; on a pod: it is held down by it."""
IMAGES = "controlroom/images"
"""Annotation of a pod that is held down: container -> image, as JSON."""
ENDS = "controlroom/ends"
"""Annotation of a pod that is held down: until when, seconds since the epoch."""
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
limit, seen = float(os.environ["ENDS"]), False
while True:
    held, failed = 0, False
    for space in os.environ["NAMESPACES"].split(","):
        try:
            chosen = "controlroom%2Ffault%3D" + os.environ["FAULT"]
            for pod in ask("GET", space + "/pods?labelSelector=" + chosen)["items"]:
                seen, meta = True, pod["metadata"]
                notes = meta["annotations"]
                if time.time() < min(limit, float(notes.get("controlroom/ends", limit))):
                    held += 1
                    continue
                images = json.loads(notes["controlroom/images"])
                back = [{"name": name, "image": image} for name, image in images.items()]
                gone = {"controlroom/images": None, "controlroom/ends": None}
                ask("PATCH", space + "/pods/" + meta["name"], {
                    "metadata": {"labels": {"controlroom/fault": None}, "annotations": gone},
                    "spec": {"containers": back}})
                print("put back", space, meta["name"], flush=True)
        except Exception as error:
            failed = True
            print("not yet:", error, flush=True)
    if not held and not failed and (seen or time.time() > limit):
        break
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
    """The Job. It puts each pod back when the pod's own end has come, at the latest at `ends`
    (seconds since the epoch), and is tried again until it has succeeded."""
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
        "securityContext": restricted.CONTAINER,
    }
    pod = {
        "serviceAccountName": ACCOUNT,
        "restartPolicy": "OnFailure",
        "securityContext": restricted.POD,
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


def held(pod: Mapping[str, Any], fault: str, image: str, ends: float) -> dict[str, Any]:
    """The patch that holds a pod down: no container has an image that can be had."""
    images = {one["name"]: one["image"] for one in pod["spec"]["containers"]}
    return {
        "metadata": {
            "labels": {FAULT: fault},
            "annotations": {IMAGES: json.dumps(images), ENDS: f"{ends:.1f}"},
        },
        "spec": {"containers": [{"name": name, "image": image} for name in images]},
    }


def released(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The patch that puts it back."""
    images = json.loads(pod["metadata"]["annotations"][IMAGES])
    return {
        "metadata": {"labels": {FAULT: None}, "annotations": {IMAGES: None, ENDS: None}},
        "spec": {"containers": [{"name": name, "image": image} for name, image in images.items()]},
    }
