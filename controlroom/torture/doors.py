"""By which path of the ingress each queue of a scenario is reached, and what serves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controlroom.torture.environment import TortureError
from host.project import PROJECT
from scenarios.loading import place_of
from scenarios.scenario import Scenario
from stack.manifests.loading import KUSTOMIZATION, load
from stack.manifests.model import Deployment, Manifests, Route

_BASE = PROJECT / "k8s" / "overlays" / "local"
"""What the local stack runs of every scenario."""
_STORES = {"stores-producer": ("redis",), "stores-consumer": ("redis", "mongo")}
"""Secret with a login -> engines that its pods talk to."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the clients of one queue send events to."""

    queue: str
    path: str
    service: str
    port: str | int
    origin: str = ""
    """What its events are told apart by; empty where the torture's clients know it."""


@dataclass(frozen=True, slots=True)
class OwnPart:
    """A deployment that the scenario brings."""

    name: str
    engines: tuple[str, ...]
    """Those that it talks to."""
    serves: bool
    """Whether it serves a queue, so that a number of it makes sense."""


@dataclass(frozen=True, slots=True)
class System:
    """What of a scenario with several queues is hit, and where its events go in."""

    doors: tuple[Door, ...]
    """One for each queue, in the order of the scenario."""
    own: tuple[OwnPart, ...]


def system_of(scenario: Scenario, reference: str) -> System:
    """As the manifests have it. Raises TortureError for a queue without a door."""
    added = place_of(reference) / "k8s"
    base = load(_BASE)
    whole = load(_BASE, added) if (added / KUSTOMIZATION).is_file() else base
    own = [one for name, one in whole.deployments.items() if name not in base.deployments]
    doors = [_first(scenario, whole.routes), *(_door(q, whole) for q in scenario.queues[1:])]
    return System(tuple(doors), tuple(_part(one, whole) for one in own))


def _first(scenario: Scenario, routes: Iterable[Route]) -> Door:
    """Of the queue that whoever names none serves: the producers of the product."""
    path = scenario.http.paths[0]
    leading = [one for one in routes if f"{path}/".startswith(f"{one.path.rstrip('/')}/")]
    route = max(leading, key=lambda one: len(one.path))
    return Door(scenario.queue, path, route.service, route.port)


def _door(queue: str, manifests: Manifests) -> Door:
    for route in manifests.routes:
        selector = manifests.services[route.service].selector
        for one in manifests.deployments.values():
            template = one.template
            if selector.items() <= template.labels.items() and template.variable("QUEUE") == queue:
                origin = template.variable("ORIGIN")
                return Door(queue, route.path, route.service, route.port, origin)
    raise TortureError(f"No path of the ingress leads to the queue {queue}.")


def _part(deployment: Deployment, manifests: Manifests) -> OwnPart:
    secrets = {s.name for c in deployment.template.containers for s in c.env_from}
    engines = dict.fromkeys(e for name in secrets for e in _STORES.get(name, ()))
    serves = bool(deployment.template.variable("QUEUE") and engines)
    return OwnPart(deployment.name, tuple(sorted(engines)), serves)
