"""Ingress objects of a scenario, made to fit the overlay below them: its class, or its Gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.targets.kubernetes.deploy.contents import name_of
from controlroom.targets.kubernetes.deploy.doors import port_of
from controlroom.targets.kubernetes.deploy.rendering import Object
from stack.manifests import network
from stack.manifests.model import Route, Service
from stack.manifests.node import Node


def fit(objects: list[Object]) -> None:
    """Where the overlay has HTTPRoutes, Ingress objects without a class become routes of the same
    Gateway; where it has Ingress objects with a class, they get that class.

    A scenario knows neither, as it is put on top of any overlay. Elsewhere nothing changes. Paths
    of a Service that is not among the objects are left out of a route. Raises Refused for a port
    that a Service has not, StackError for an Ingress that the local stack would refuse too.
    """
    classless = [one for one in objects if one["kind"] == "Ingress" and not _class(one)]
    model = next((one for one in objects if one["kind"] == "HTTPRoute"), None)
    if model is None:
        _take_class(classless, [one for one in objects if _class(one)])
        return
    services = {
        name_of(one): network.service(Node(one, name_of(one), ""))
        for one in objects
        if one["kind"] == "Service"
    }
    for one in classless:
        place = objects.index(one)
        objects[place : place + 1] = _http_routes(one, model["spec"]["parentRefs"], services)


def _class(one: Object) -> str:
    return str(one["spec"].get("ingressClassName", "")) if one["kind"] == "Ingress" else ""


def _take_class(classless: Sequence[Object], known: Sequence[Object]) -> None:
    """The annotations too, which are those of the class's controller, from one that leads to ports
    of the same names: gRPC has others than HTTP."""
    for one in classless if known else ():
        alike = next((other for other in known if _ports(other) == _ports(one)), None)
        one["spec"]["ingressClassName"] = _class(alike or known[0])
        given = (alike or {}).get("metadata", {}).get("annotations") or {}
        if given:
            own = one["metadata"].get("annotations") or {}
            one["metadata"]["annotations"] = {**given, **own}


def _routes(ingress: Object) -> Sequence[Route]:
    return network.routes(Node(ingress, f"Ingress {name_of(ingress)}", ""))


def _ports(ingress: Object) -> set[str]:
    return {
        str(path["backend"]["service"]["port"].get("name", ""))
        for rule in ingress["spec"].get("rules") or ()
        for path in rule["http"]["paths"]
    }


def _http_routes(
    ingress: Object, parents: Sequence[Any], services: Mapping[str, Service]
) -> list[Object]:
    """One for each host of the Ingress; the first has its name."""
    kept = {key: ingress["metadata"][key] for key in ("namespace", "labels")
            if key in ingress["metadata"]}  # fmt: skip
    by_host: dict[str, dict[tuple[str, int], list[Route]]] = {}
    for route in _routes(ingress):
        if route.service in services:
            target = (route.service, port_of(route, services[route.service]))
            by_host.setdefault(route.host, {}).setdefault(target, []).append(route)
    return [
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {**kept, "name": name_of(ingress) + (f"-{number}" if number else "")},
            "spec": {
                "parentRefs": list(parents),
                **({"hostnames": [host]} if host else {}),
                "rules": [_rule(name, port, routes) for (name, port), routes in targets.items()],
            },
        }
        for number, (host, targets) in enumerate(by_host.items())
    ]


def _rule(service: str, port: int, routes: Sequence[Route]) -> dict[str, Any]:
    matches = [
        {"path": {"type": "Exact" if route.exact else "PathPrefix", "value": route.path}}
        for route in routes
    ]
    return {"matches": matches, "backendRefs": [{"name": service, "port": port}]}
