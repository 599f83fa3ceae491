"""Which pod and port stand behind a Service or a pod's name."""

from __future__ import annotations

import random
from dataclasses import dataclass

from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.forward import Away, Place
from controlroom.targets.kubernetes.resources import PODS, SERVICES, Json


@dataclass(frozen=True, slots=True)
class Host:
    """A name inside the cluster."""

    namespace: str
    service: str
    pod: str = ""
    """Set where the name is that of one pod of a headless Service."""


def host_of(name: str, namespace: str) -> Host | None:
    """What a name means inside the cluster, seen from a namespace; None for a name outside.

    `redis`, `redis.data`, `redis.data.svc`, `redis-0.redis.data.svc.cluster.local`.
    """
    labels = name.split(".")
    if "" in labels or all(label.isdigit() for label in labels) or name == "localhost":
        return None
    if len(labels) == 1:
        return Host(namespace, labels[0])
    if len(labels) == 2 or labels[2] == "svc":
        return Host(labels[1], labels[0])
    if len(labels) > 3 and labels[3] == "svc":
        return Host(labels[2], labels[1], labels[0])
    return None


async def find_service(api: Api, host: Host) -> Json | None:
    """The Service; None where there is none of that name."""
    try:
        found: Json = await api.get(SERVICES.path(host.namespace, host.service))
    except ApiError as error:
        if error.status == 404:
            return None
        raise
    return found


async def pods_behind(api: Api, service: Json) -> list[Json]:
    """Pods that the Service selects."""
    chosen = service["spec"].get("selector")
    if not chosen:
        return []
    words = ",".join(f"{key}={value}" for key, value in chosen.items())
    found = await api.get(PODS.path(service["metadata"]["namespace"]), labelSelector=words)
    return list(found["items"])


async def place_of(api: Api, host: Host, port: int) -> Place:
    """A ready pod behind that name, drawn again at every call. Raises Away where there is none."""
    service = await find_service(api, host)
    if service is None:
        raise Away(f"There is no Service {host.service} in namespace {host.namespace}.", "")
    behind = await pods_behind(api, service)
    if host.pod:
        behind = [pod for pod in behind if pod["metadata"]["name"] == host.pod]
    ready = [pod for pod in behind if of_pod.ready(pod)]
    if not ready:
        what = f"pod {host.pod}" if host.pod else f"Service {host.service}"
        raise Away(
            f"No ready pod is behind {what} in namespace {host.namespace}.",
            "Look at the fleet for why it is not ready.",
        )
    pod = random.choice(ready)
    return host.namespace, pod["metadata"]["name"], target_port(service, pod, port)


def target_port(service: Json, pod: Json, port: int) -> int:
    """The pod's own port behind a Service's port; the same where the Service does not tell."""
    for one in service["spec"].get("ports") or ():
        if int(one["port"]) == port:
            wanted = one.get("targetPort", port)
            return _named(pod, wanted) if isinstance(wanted, str) else int(wanted)
    return port


def _named(pod: Json, name: str) -> int:
    for container in pod["spec"]["containers"]:
        for one in container.get("ports") or ():
            if one.get("name") == name:
                return int(one["containerPort"])
    raise Away(f"Pod {pod['metadata']['name']} has no port called {name}.", "")
