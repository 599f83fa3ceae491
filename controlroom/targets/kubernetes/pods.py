"""What a pod's status means in the words of `kubectl get pods`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from controlroom.targets.kubernetes.resources import Json

_NO_IMAGE = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
    | {"ImageInspectError", "RegistryUnavailable"}
)
"""Words of the kubelet for a container that waits for its image."""


def moment(text: object) -> float | None:
    """Seconds since the epoch of a time as objects hold it."""
    if not isinstance(text, str) or not text:
        return None
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def deployment_of(pod: Json) -> str:
    """The Deployment behind the pod's ReplicaSet; empty where there is none."""
    for owner in pod["metadata"].get("ownerReferences") or ():
        if owner.get("kind") == "ReplicaSet":
            digest = (pod["metadata"].get("labels") or {}).get("pod-template-hash", "")
            return str(owner["name"]).removesuffix(f"-{digest}")
    return ""


def owner_of(pod: Json) -> str:
    """Name of what made the pod: its Deployment, StatefulSet, DaemonSet or Job."""
    own = deployment_of(pod)
    if own:
        return own
    owners = pod["metadata"].get("ownerReferences") or ()
    return str(owners[0]["name"]) if owners else ""


def ready(pod: Json) -> bool:
    """Whether Services send to it."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def phase(pod: Json) -> str:
    """One word: Running, Terminating, Pending, or the reason of the first container's trouble."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status", {})
    for container in container_statuses(pod):
        state = container.get("state") or {}
        waiting = (state.get("waiting") or {}).get("reason")
        if waiting and waiting not in ("PodInitializing", "ContainerCreating"):
            return str(waiting)
        ended = state.get("terminated")
        if ended and ended.get("exitCode"):
            return str(ended.get("reason") or "Error")
    return str(status.get("reason") or status.get("phase") or "Unknown")


def message(pod: Json) -> str:
    """Why it is not ready, in the cluster's own words; empty where it is."""
    if ready(pod):
        return ""
    for container in container_statuses(pod):
        state = container.get("state") or {}
        trouble = state.get("waiting") or state.get("terminated") or {}
        if trouble.get("reason"):
            said = f": {trouble['message']}" if trouble.get("message") else ""
            return f"{container['name']} {trouble['reason']}{said}"
    for condition in pod.get("status", {}).get("conditions") or ():
        if condition["status"] != "True" and condition.get("message"):
            return str(condition["message"])
    return ""


def missing_images(pod: Json) -> set[str]:
    """Images that its containers wait for and the node cannot get."""
    spec = pod.get("spec", {})
    declared = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    images = {one["name"]: str(one.get("image", "")) for one in declared}
    return {
        images.get(one["name"], "")
        for one in container_statuses(pod)
        if ((one.get("state") or {}).get("waiting") or {}).get("reason") in _NO_IMAGE
    }


def restarts(pod: Json) -> int:
    """Restarts of its containers, side-cars included."""
    return sum(int(one.get("restartCount") or 0) for one in container_statuses(pod))


def started(pod: Json) -> float:
    """When it came to a node; when it was made while it has none."""
    at = moment(pod.get("status", {}).get("startTime"))
    return at or moment(pod["metadata"].get("creationTimestamp")) or 0.0


def containers(pod: Json) -> tuple[str, ...]:
    """Names of its containers, init containers aside."""
    return tuple(str(one["name"]) for one in pod.get("spec", {}).get("containers") or ())


def container_statuses(pod: Json) -> Iterator[Json]:
    """Statuses of init containers, then of containers."""
    status = pod.get("status", {})
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()
