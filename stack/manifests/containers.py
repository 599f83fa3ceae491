"""Reads one container of a pod: command, environment, ports, probes, life cycle."""

from __future__ import annotations

from stack.manifests.model import Container, EnvSource, EnvVar, Mount, Probe
from stack.manifests.node import Node

_FIELDS = (
    "name",
    "command",
    "args",
    "env",
    "envFrom",
    "ports",
    "startupProbe",
    "readinessProbe",
    "livenessProbe",
    "lifecycle",
    "resources",
    "volumeMounts",
)
POD_FIELDS = ("metadata.name", "metadata.namespace", "status.podIP")
"""What the downward API gives here."""


def container(node: Node) -> Container:
    """The container; StackError names the field that cannot be honoured."""
    node.only(*_FIELDS, place="container")
    command = node.at("command").texts() + node.at("args").texts()
    if not node.has("command"):
        raise node.at("command").refuse(
            "is needed: the entry point of an image is not known here.",
            "Write the whole command.",
        )
    ports = _ports(node.at("ports"))
    return Container(
        name=node.at("name").text(),
        command=command,
        env=tuple(_variable(item) for item in node.at("env").items()),
        env_from=tuple(_source(item) for item in node.at("envFrom").items()),
        ports=ports,
        startup=_probe(node.at("startupProbe"), ports),
        readiness=_probe(node.at("readinessProbe"), ports),
        liveness=_probe(node.at("livenessProbe"), ports),
        pre_stop_sleep=_pre_stop(node.at("lifecycle")),
        cpu_request=_cpu(node.at("resources")),
        mounts=tuple(_mount(item) for item in node.at("volumeMounts").items()),
    )


def _ports(node: Node) -> dict[str, int]:
    ports: dict[str, int] = {}
    for item in node.items():
        item.only("name", "containerPort", place="port")
        number = item.at("containerPort").integer(minimum=1)
        ports[item.at("name").text(str(number))] = number
    return ports


def _variable(node: Node) -> EnvVar:
    node.only("name", "value", "valueFrom")
    name = node.at("name").text()
    if not node.has("valueFrom"):
        value = node.at("value")
        return EnvVar(name, "value", value.text("") if value.value != "" else "")
    source = node.at("valueFrom").only("fieldRef", "configMapKeyRef", "secretKeyRef")
    if source.has("fieldRef"):
        path = source.at("fieldRef").only("fieldPath", "apiVersion").at("fieldPath")
        if path.text() not in POD_FIELDS:
            raise path.refuse(f"only {', '.join(POD_FIELDS)} are known here.")
        return EnvVar(name, "field", path.text())
    config = source.has("configMapKeyRef")
    key = source.at("configMapKeyRef" if config else "secretKeyRef")
    key.only("name", "key", "optional")
    return EnvVar(
        name,
        "config" if config else "secret",
        key.at("key").text(),
        key.at("name").text(),
        key.at("optional").flag(False),
    )


def _source(node: Node) -> EnvSource:
    node.only("configMapRef", "secretRef")
    config = node.has("configMapRef")
    reference = node.at("configMapRef" if config else "secretRef").only("name", "optional")
    return EnvSource(
        "config" if config else "secret",
        reference.at("name").text(),
        reference.at("optional").flag(False),
    )


def _probe(node: Node, ports: dict[str, int]) -> Probe | None:
    if node.value is None:
        return None
    for other in ("exec", "grpc", "tcpSocket"):
        if node.has(other):
            raise node.at(other).refuse(
                "the local stack asks probes by HTTP only.", "Use httpGet on the admin port."
            )
    node.only(
        "httpGet",
        "initialDelaySeconds",
        "periodSeconds",
        "timeoutSeconds",
        "successThreshold",
        "failureThreshold",
    )
    get = node.at("httpGet").only("path", "port")
    return Probe(
        path=get.at("path").text("/"),
        port=_port(get.at("port"), ports),
        initial_delay=node.at("initialDelaySeconds").integer(0),
        period=node.at("periodSeconds").integer(10, minimum=1),
        timeout=node.at("timeoutSeconds").integer(1, minimum=1),
        success_threshold=node.at("successThreshold").integer(1, minimum=1),
        failure_threshold=node.at("failureThreshold").integer(3, minimum=1),
    )


def _port(node: Node, ports: dict[str, int]) -> int:
    if isinstance(node.value, int) and node.value in ports.values():
        return node.value
    if node.value in ports:
        return ports[node.value]
    known = ", ".join(ports) or "none"
    raise node.refuse(f"{node.value!r} is no port of this container (it has: {known}).")


def _pre_stop(node: Node) -> float:
    if node.value is None:
        return 0.0
    node.only("preStop")
    stop = node.at("preStop")
    for other in ("exec", "httpGet", "tcpSocket"):
        if stop.has(other):
            raise stop.at(other).refuse("the local stack knows sleep only.", "Use sleep.")
    return float(stop.only("sleep").at("sleep").only("seconds").at("seconds").integer(0))


def _cpu(node: Node) -> float | None:
    requests = node.only("requests", place="resources").at("requests")
    requests.only("cpu", "memory", "ephemeral-storage")
    return requests.at("cpu").quantity() if requests.has("cpu") else None


def _mount(node: Node) -> Mount:
    node.only("name", "mountPath", place="mount")
    return Mount(node.at("name").text(), node.at("mountPath").text())
