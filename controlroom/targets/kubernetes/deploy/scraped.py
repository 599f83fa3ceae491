"""The pods of a Prometheus that knows DNS alone: all that are deployed with it."""

from __future__ import annotations

from controlroom.targets.kubernetes.deploy.contents import (
    config_with,
    name_of,
    pods_by_name,
    put_text,
)
from controlroom.targets.kubernetes.deploy.rendering import Object, pod_specs
from controlroom.targets.kubernetes.resources import Json

FILE = "prometheus.yml"
MARK = "          # the pods of a scenario's own services\n"
"""The line of the file after which their names stand."""
METRICS = "admin"
"""Ports with metrics are called so, or begin so: `admin-worker`."""


def fill(objects: list[Object]) -> None:
    """Names the metrics of all pods in the file of Prometheus where it has none of them yet, and
    adds the Services that name these pods in DNS."""
    config = config_with(objects, FILE, MARK)
    if config is None:
        return
    there = {name_of(one) for one in objects if one["kind"] == "Service"}
    lines = ""
    for one, pod in pod_specs(objects):
        service, ports = f"{name_of(one)}-metrics", _metrics(pod)
        if not ports or service in there:
            continue
        spec = {
            "publishNotReadyAddresses": True,
            "selector": one["spec"]["selector"]["matchLabels"],
            "ports": [{"name": name, "port": port, "targetPort": name} for name, port in ports],
        }
        objects.append(pods_by_name(one, service, spec))
        place = f"{service}.{one['metadata'].get('namespace', 'default')}.svc.cluster.local"
        lines += "".join(f"          - _{name}._tcp.{place}\n" for name, _ in ports)
    if lines:
        put_text(objects, config, FILE, config["data"][FILE].replace(MARK, MARK + lines))


def _metrics(pod: Json) -> list[tuple[str, int]]:
    containers = [*(pod.get("initContainers") or ()), *pod["containers"]]
    ports = [port for one in containers for port in one.get("ports") or ()]
    return [
        (one["name"], one["containerPort"])
        for one in ports
        if str(one.get("name", "")).partition("-")[0] == METRICS
    ]
