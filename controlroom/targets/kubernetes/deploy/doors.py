"""The routes of a haproxy that reads no Ingress objects: those that are deployed with it."""

from __future__ import annotations

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.deploy.contents import (
    config_with,
    name_of,
    pods_by_name,
    put_text,
)
from controlroom.targets.kubernetes.deploy.rendering import Object
from stack.balance import backend_name, use_lines
from stack.manifests import network
from stack.manifests.model import Route, Service, ServicePort
from stack.manifests.node import Node

FILE = "haproxy.cfg"
MARK = "  # the paths of the Ingress objects\n"
"""The line of the file after which routes stand."""
MOST = 6
"""Pods of a Service that are asked."""
_LONG = "300s"


def fill(objects: list[Object]) -> None:
    """Puts the paths of all Ingress objects into the file of haproxy where there is one, and adds
    backends and the Services without an address that name the ready pods in DNS.

    Paths of a Service that is not among the objects are left out. Raises Refused for a port that a
    Service has not, StackError for an Ingress that the local stack would refuse too.
    """
    config = config_with(objects, FILE, MARK)
    if config is None:
        return
    text: str = config["data"][FILE]
    routes = [
        route
        for one in objects
        if one["kind"] == "Ingress"
        for route in network.routes(Node(one, f"Ingress {one['metadata']['name']}", ""))
    ]
    names = {route.service for route in routes}
    given = {name_of(one): one for one in objects if one["kind"] == "Service"}
    services = {name: network.service(Node(given[name], name, "")) for name in names & {*given}}
    routes = [route for route in routes if route.service in services]
    for route in routes:
        port_of(route, services[route.service])
    lines = "".join(f"{line}\n" for line in use_lines(services, routes))
    text = text.replace(MARK, MARK + lines)
    for name, service in sorted(services.items()):
        text += _backends(text, service, given[name]["metadata"].get("namespace", "default"))
        if _pods(name) not in given:
            own = given[name]["spec"]
            spec = {key: own[key] for key in ("selector", "ports")}
            objects.append(pods_by_name(given[name], _pods(name), spec))
    put_text(objects, config, FILE, text)


def port_of(route: Route, service: Service) -> int:
    """The number of the port that a path leads to. Raises Refused where the Service has none."""
    for port in service.ports:
        if route.port in (port.name, port.number):
            return port.number
    names = ", ".join(f"{port.name} ({port.number})" for port in service.ports)
    raise Refused(
        f"An Ingress leads {route.path} to port {route.port} of {service.name}.",
        f"It has none of that name; its ports are {names}.",
    )


def _backends(text: str, service: Service, namespace: str) -> str:
    """Of the ports that have none in the text yet."""
    names = {port: backend_name(service.name, port.name) for port in service.ports}
    return "".join(
        _backend(name, port, f"{_pods(service.name)}.{namespace}")
        for port, name in names.items()
        if f"\nbackend {name}\n" not in text
    )


def _backend(name: str, port: ServicePort, place: str) -> str:
    where = f"_{port.name}._tcp.{place}.svc.cluster.local"
    lines = [f"\nbackend {name}"]
    if port.h2c:
        lines.append(f"  timeout server {_LONG}")
    lines.append(f"  server-template pod {MOST} {where}{' proto h2' if port.h2c else ''}\n")
    return "\n".join(lines)


def _pods(service: str) -> str:
    return f"{service}-pods"
