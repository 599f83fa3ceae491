"""What a split is in a cluster: an HTTPRoute with weights, and the script that removes it.

Pure functions. Behind a Gateway the route has the split's paths with each method: by the rules of
the Gateway API that is more exact than a route with the same paths alone, so it wins over the one
that is there, which stays as it is. In a mesh its parent is the Service that has the paths now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.resources import Json, Resource
from stack.faults.splitting import Branch, Split

ROUTES = Resource("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ANY: Sequence[Json] = ({},)
_SCALE = 100
"""Weights are whole numbers there: two places behind the point are kept."""

SCRIPT = """
import json, os, ssl, time, urllib.error, urllib.request
place = os.environ.get("ACCOUNT", "/var/run/secrets/kubernetes.io/serviceaccount/")
tls = ssl.create_default_context(cafile=place + "ca.crt")
server = os.environ.get("SERVER", "https://kubernetes.default.svc")
path = "/apis/gateway.networking.k8s.io/v1/namespaces/%s/httproutes/%s"
route = server + path % (os.environ["NAMESPACES"], os.environ["FAULT"])
def ask(method):
    head = {"Authorization": "Bearer " + open(place + "token").read()}
    request = urllib.request.Request(route, None, head, method=method)
    return urllib.request.urlopen(request, timeout=10, context=tls).read()
limit, seen = float(os.environ["ENDS"]), False
while True:
    try:
        notes = json.loads(ask("GET"))["metadata"].get("annotations") or {}
        seen = True
        if time.time() >= min(limit, float(notes.get("controlroom/ends", limit))):
            ask("DELETE")
            print("removed", flush=True)
    except urllib.error.HTTPError as error:
        if error.code == 404 and (seen or time.time() > limit):
            break
        if error.code != 404:
            print("not yet:", error, flush=True)
    except Exception as error:
        print("not yet:", error, flush=True)
    time.sleep(1)
"""
"""Standard library only, as it runs in the image of the services."""


@dataclass(frozen=True, slots=True)
class Parent:
    """What a split's route is put on."""

    references: tuple[Json, ...]
    """`parentRefs` of the route."""
    hosts: tuple[str, ...]
    service: str
    """The Service that has the requests without the split."""
    mesh: bool = False
    port: int = 0
    """Of that Service, in a mesh."""

    @property
    def title(self) -> str:
        """For people."""
        if self.mesh:
            return f"Service {self.service}"
        return ", ".join(f"Gateway {one['name']}" for one in self.references)


def behind_gateway(routes: Sequence[Json], path: str) -> Parent | None:
    """The Gateway and the Service that have the requests of a path now; None where no route has.

    Raises Refused where a split could not win over the route that is there.
    """
    found: list[tuple[int, Json, Json, Json]] = []
    for route in routes:
        parents = [one for one in route["spec"].get("parentRefs") or () if _is_gateway(one)]
        for rule in route["spec"].get("rules") or () if parents else ():
            for match in rule.get("matches") or _ANY:
                prefix = (match.get("path") or {}).get("value", "/")
                kind = (match.get("path") or {}).get("type", "PathPrefix")
                if kind == "PathPrefix" and _slashed(path).startswith(_slashed(prefix)):
                    found.append((len(prefix.rstrip("/")), route, rule, match))
    if not found:
        return None
    length, route, rule, match = max(found, key=lambda one: one[0])
    if match.get("method") and length == len(path.rstrip("/")):
        raise Refused(
            f"The HTTPRoute {route['metadata']['name']} matches {path} by its method, so a split "
            "could not win over it.",
            "Take the method out of that route.",
        )
    backends: Sequence[Json] = rule.get("backendRefs") or _ANY
    references = tuple(one for one in route["spec"]["parentRefs"] if _is_gateway(one))
    hosts = tuple(route["spec"].get("hostnames") or ())
    return Parent(references, hosts, str(backends[0].get("name", "")))


def behind_ingress(ingresses: Sequence[Json], path: str) -> tuple[str, str | int] | None:
    """The Service and its port that the Ingress objects give a path to; None where none does."""
    found: list[tuple[int, str, str | int]] = []
    for one in ingresses:
        for rule in one["spec"].get("rules") or ():
            for each in (rule.get("http") or {}).get("paths") or ():
                prefix, target = each.get("path") or "/", (each.get("backend") or {}).get("service")
                if target and _slashed(path).startswith(_slashed(prefix)):
                    port = target["port"].get("name") or target["port"].get("number")
                    found.append((len(prefix.rstrip("/")), target["name"], port))
    return max(found)[1:] if found else None


def port_of(service: Json, port: str | int) -> int | None:
    """The number of a Service's port; None where it has none of that name or number."""
    for one in service["spec"]["ports"]:
        if port in (one.get("name"), one["port"]):
            return int(one["port"])
    return None


def route(
    name: str,
    split: Split,
    parent: Parent,
    ports: Mapping[str, int],
    labels: Mapping[str, str],
    notes: Mapping[str, str],
) -> dict[str, Any]:
    """The HTTPRoute. `ports` has the number of each branch's port, by the branch's title."""
    paths = [{"type": "PathPrefix", "value": path} for path in split.paths]
    matches: list[dict[str, Any]]
    if parent.mesh:
        matches = [{"path": path} for path in paths]
    else:
        matches = [{"path": path, "method": method} for path in paths for method in METHODS]
    goes = [_backend(one, ports[one.title]) for one in split.branches]
    rules: list[dict[str, Any]] = [{"matches": matches, "backendRefs": goes}]
    if parent.mesh and "/" not in split.paths:
        # a route takes the place of all that the Service did by itself
        rest = {"name": parent.service, "port": parent.port}
        root = {"path": {"type": "PathPrefix", "value": "/"}}
        rules.append({"matches": [root], "backendRefs": [rest]})
    spec: dict[str, Any] = {"parentRefs": [dict(one) for one in parent.references], "rules": rules}
    if parent.hosts:
        spec["hostnames"] = list(parent.hosts)
    return {
        "apiVersion": ROUTES.api_version,
        "kind": ROUTES.kind,
        "metadata": {"name": name, "labels": dict(labels), "annotations": dict(notes)},
        "spec": spec,
    }


def _backend(one: Branch, port: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": one.service,
        "port": port,
        "weight": round(one.weight * _SCALE),
    }
    if one.path:
        rewrite = {"path": {"type": "ReplaceFullPath", "replaceFullPath": one.path}}
        made["filters"] = [{"type": "URLRewrite", "urlRewrite": rewrite}]
    return made


def _is_gateway(reference: Json) -> bool:
    return str(reference.get("kind", "Gateway")) == "Gateway"


def _slashed(path: str) -> str:
    return path.rstrip("/") + "/"
