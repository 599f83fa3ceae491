"""Reads Services and Ingresses."""

from __future__ import annotations

from stack.manifests.model import Route, Service, ServicePort
from stack.manifests.node import Node

H2C = "kubernetes.io/h2c"
"""The appProtocol of HTTP/2 without TLS (a standard name of Kubernetes)."""
_PLAIN = ("http", "kubernetes.io/http", "")


def service(node: Node) -> Service:
    """The Service."""
    spec = node.at("spec").only("selector", "ports", place="Service.spec")
    if spec.at("type").text("ClusterIP") == "ExternalName":
        raise spec.at("type").refuse("ExternalName is not known here.")
    if not spec.has("selector"):
        raise spec.at("selector").refuse("is needed.", "Name the labels of the pods.")
    return Service(
        name=node.at("metadata").at("name").text(),
        selector=spec.at("selector").labels(),
        ports=tuple(_service_port(item) for item in spec.at("ports").items()),
    )


def _service_port(node: Node) -> ServicePort:
    node.only("name", "port", "targetPort", "appProtocol", place="service port")
    number = node.at("port").integer(minimum=1)
    protocol = node.at("appProtocol").text("http")
    if protocol not in (*_PLAIN, H2C):
        raise node.at("appProtocol").refuse(f"must be http or {H2C} here.")
    target = node.at("targetPort").value
    return ServicePort(
        name=node.at("name").text(str(number)),
        number=number,
        target=number if target is None else target,
        h2c=protocol == H2C,
    )


def routes(node: Node) -> tuple[Route, ...]:
    """The paths of the Ingress."""
    spec = node.at("spec").only("rules", place="Ingress.spec")
    found = []
    for rule in spec.at("rules").items():
        rule.only("host", "http")
        host = rule.at("host").text() if rule.has("host") else ""
        for path in rule.at("http").only("paths").at("paths").items():
            found.append(_route(path, host))
    return tuple(found)


def _route(node: Node, host: str) -> Route:
    node.only("path", "pathType", "backend")
    kind = node.at("pathType").text()
    if kind not in ("Prefix", "Exact"):
        raise node.at("pathType").refuse("must be Prefix or Exact here.")
    path = node.at("path").text("/")
    if not path.startswith("/") or any(sign.isspace() for sign in path):
        raise node.at("path").refuse("must begin with / and hold no blank.")
    target = node.at("backend").only("service").at("service").only("name", "port")
    port = target.at("port").only("name", "number")
    named = port.has("name")
    return Route(
        path=path,
        exact=kind == "Exact",
        service=target.at("name").text(),
        port=port.at("name").text() if named else port.at("number").integer(minimum=1),
        host=host,
    )
