"""Which pods a Chaos Mesh object means now, by its own selector and mode."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import PODS, Json
from stack.faults.model import MODES, Selector, VictimChoice
from stack.faults.registry import kind_of
from stack.faults.selection import chosen, most

PIPELINE = "controlroom"
"""Namespace that the files of chaos/ name; it means all namespaces of the pipeline."""
OPERATORS = {"In": "in", "NotIn": "notin"}


def placed(manifest: Mapping[str, Any], namespaces: Sequence[str]) -> dict[str, Any]:
    """The object for this cluster; the first of `namespaces` is the services' one."""
    one: dict[str, Any] = deepcopy(dict(manifest))
    one["metadata"]["namespace"] = namespaces[0]
    bodies = [one["spec"], *(held for _, held in kind_of(one["kind"]).parts(one["spec"]))]
    # of HTTPChaos the target is a word, and not other pods
    bodies += [body["target"] for body in bodies if isinstance(body.get("target"), dict)]
    for body in bodies:
        selector = body.get("selector")
        if selector is not None:
            given = selector.get("namespaces") or [PIPELINE]
            meant = [n for name in given for n in (namespaces if name == PIPELINE else [name])]
            selector["namespaces"] = list(dict.fromkeys(meant))
    return one


async def matching(api: Api, spec: Json) -> list[Json]:
    """The pods that the selector matches. Raises Refused for one that cannot be previewed."""
    selector = spec["selector"]
    named = selector.get("pods")
    if named:
        return [
            pod
            for space, names in named.items()
            for pod in (await api.get(PODS.path(space)))["items"]
            if pod["metadata"]["name"] in names
        ]
    for word in ("annotationSelectors", "nodes", "nodeSelectors"):
        if selector.get(word):
            raise Refused(
                f"spec.selector.{word} cannot be previewed, so it is not injected.",
                "Select by labels.",
            )
    params = {"labelSelector": ",".join(_labels(selector))}
    fields = ",".join(f"{k}={v}" for k, v in (selector.get("fieldSelectors") or {}).items())
    if fields:
        params["fieldSelector"] = fields
    phases = selector.get("podPhaseSelectors") or ()
    found: list[Json] = []
    for space in selector["namespaces"]:
        for pod in (await api.get(PODS.path(space), **params))["items"]:
            if not phases or pod.get("status", {}).get("phase") in phases:
                found.append(pod)
    return found


def amount(spec: Json, count: int) -> int:
    """How many of `count` pods are hit at most."""
    return most(_choice(spec), count)


def draw(spec: Json, pods: Sequence[Json]) -> list[Json]:
    """The pods that are hit, drawn now."""
    return [
        one.pod for one in chosen(_choice(spec), [_Drawn(pod) for pod in pods], random.Random())
    ]


def stays(matched: Iterable[Json], everyone: Iterable[Json], hit: int) -> int:
    """Ready pods of the same owners that are left when `hit` of the matched ready ones go."""
    owners = {_owner(pod) for pod in matched}
    ready_hit = min(hit, sum(of_pod.ready(pod) for pod in matched))
    ready = sum(of_pod.ready(pod) and _owner(pod) in owners for pod in everyone)
    return max(0, ready - ready_hit)


def title(pod: Json) -> str:
    """`namespace/name`, as Chaos Mesh's records have it."""
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _owner(pod: Json) -> tuple[str, str]:
    return pod["metadata"]["namespace"], of_pod.owner_of(pod)


def _labels(selector: Json) -> Iterable[str]:
    for key, value in (selector.get("labelSelectors") or {}).items():
        yield f"{key}={value}"
    for one in selector.get("expressionSelectors") or ():
        if one["operator"] in OPERATORS:
            yield f"{one['key']} {OPERATORS[one['operator']]} ({','.join(one['values'])})"
        else:
            yield one["key"] if one["operator"] == "Exists" else f"!{one['key']}"


def _choice(spec: Json) -> VictimChoice:
    mode = MODES.get(str(spec.get("mode")))
    value = str(spec.get("value", "0"))
    if mode is None or not value.isdigit():
        raise Refused(
            f"spec.mode {spec.get('mode')!r} with value {value!r} is not known.",
            f"Use one of {', '.join(MODES)}; value is a whole number as text.",
        )
    return VictimChoice(Selector(()), mode, int(value))


class _Drawn:
    """A pod as the draw looks at it."""

    def __init__(self, pod: Json) -> None:
        self.pod = pod

    @property
    def name(self) -> str:
        """The pod's name."""
        return str(self.pod["metadata"]["name"])

    @property
    def labels(self) -> Mapping[str, str]:
        """The pod's labels."""
        return self.pod["metadata"].get("labels") or {}

    @property
    def phase(self) -> str:
        """The pod's phase."""
        return str(self.pod.get("status", {}).get("phase", ""))
