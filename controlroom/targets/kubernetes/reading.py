"""From objects of a cluster to the fleet of the model: pure functions, one for each shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controlroom.model.fleet import Deployment, Engine, Fleet, FleetEvent, Pod
from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.quantity import quantity
from controlroom.targets.kubernetes.resources import Json

EVENTS = 50
"""Newest events that are told."""
Use = Mapping[str, tuple[float, int]]
"""`namespace/pod` -> cores and bytes."""


@dataclass(frozen=True, slots=True)
class Objects:
    """What the mirrors hold at one moment."""

    deployments: Iterable[Json] = ()
    pods: Iterable[Json] = ()
    autoscalers: Iterable[Json] = ()
    scaled: Iterable[Json] = ()
    stateful: Iterable[Json] = ()
    elsewhere: Iterable[Json] = ()
    """Deployments of the other namespaces: the stores' and the monitoring's."""
    events: Iterable[Json] = ()
    use: Use = field(default_factory=dict)
    started: float | None = None


def fleet(seen: Objects, namespace: str, now: float, notes: tuple[str, ...] = ()) -> Fleet:
    """The services' namespace as deployments and pods, everything else as engines."""
    everything = list(seen.pods)
    # pods of Jobs that are done do no work any more
    here = [
        pod
        for pod in everything
        if pod["metadata"]["namespace"] == namespace and of_pod.phase(pod) != "Succeeded"
    ]
    bounds = {**_scaled_bounds(seen.scaled), **_bounds(seen.autoscalers)}
    own = _grouped(here)
    told = [
        _deployment(one, own.get(_name(one), []), bounds, seen.use, now)
        for one in sorted(seen.deployments, key=_name)
    ]
    return Fleet(
        deployments=tuple(told),
        pods=tuple(_pod(pod, seen.use) for pod in sorted(here, key=_name)),
        engines=tuple(
            _engine(one, everything, seen.use)
            for one in sorted([*seen.stateful, *seen.elsewhere], key=_name)
        ),
        events=events(seen.events),
        started=seen.started,
        notes=notes,
    )


def events(found: Iterable[Json]) -> tuple[FleetEvent, ...]:
    """The newest ones, newest last."""
    told = sorted((_event(one) for one in found), key=lambda event: event.at)
    return tuple(told[-EVENTS:])


def use_of(metrics: Iterable[Json]) -> dict[str, tuple[float, int]]:
    """What pods use, as metrics-server reports it."""
    found = {}
    for one in metrics:
        cores = sum(quantity(c["usage"].get("cpu")) or 0.0 for c in one["containers"])
        size = sum(quantity(c["usage"].get("memory")) or 0.0 for c in one["containers"])
        meta = one["metadata"]
        found[f"{meta['namespace']}/{meta['name']}"] = (cores, int(size))
    return found


def _name(one: Json) -> str:
    return str(one["metadata"]["name"])


def _place(one: Json) -> str:
    return f"{one['metadata']['namespace']}/{_name(one)}"


def _grouped(pods: Iterable[Json]) -> dict[str, list[Json]]:
    groups: dict[str, list[Json]] = {}
    for pod in pods:
        groups.setdefault(of_pod.owner_of(pod), []).append(pod)
    return groups


def _pod(one: Json, use: Use) -> Pod:
    cores, size = use.get(_place(one), (None, None))
    return Pod(
        name=_name(one),
        deployment=of_pod.owner_of(one),
        ready=of_pod.ready(one),
        phase=of_pod.phase(one),
        restarts=of_pod.restarts(one),
        started=of_pod.started(one),
        cpu=cores,
        memory=size,
        containers=of_pod.containers(one),
        message=of_pod.message(one),
    )


def _deployment(
    one: Json, pods: list[Json], bounds: Mapping[str, tuple[int, int]], use: Use, now: float
) -> Deployment:
    name = _name(one)
    alive = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    started = [of_pod.started(pod) for pod in alive]
    cores, size = _sum(pods, use)
    least, most = bounds.get(name, (None, None))
    return Deployment(
        name=name,
        replicas=int(one["spec"].get("replicas", 1)),
        ready=int(one.get("status", {}).get("readyReplicas") or 0),
        restarts=sum(of_pod.restarts(pod) for pod in pods),
        age=max(0.0, now - max(started)) if started else None,
        cpu=cores,
        memory=size,
        minimum=least,
        maximum=most,
        message=trouble(one),
    )


def trouble(one: Json) -> str:
    """What a deployment's conditions say is wrong; empty where nothing is."""
    for condition in one.get("status", {}).get("conditions") or ():
        kind, status = condition["type"], condition["status"]
        if (kind, status) in (("ReplicaFailure", "True"), ("Progressing", "False")):
            return f"{condition.get('reason', kind)}: {condition.get('message', '')}".rstrip(": ")
    return ""


def _engine(one: Json, pods: list[Json], use: Use) -> Engine:
    space = one["metadata"]["namespace"]
    own = [
        pod
        for pod in pods
        if pod["metadata"]["namespace"] == space and of_pod.owner_of(pod) == _name(one)
    ]
    wanted = int(one["spec"].get("replicas", 1))
    ready = int(one.get("status", {}).get("readyReplicas") or 0)
    cores, size = _sum(own, use)
    said = next((text for pod in own if (text := of_pod.message(pod))), "")
    return Engine(
        name=_name(one),
        state="ready" if ready >= wanted else f"{ready} of {wanted} ready",
        restarts=sum(of_pod.restarts(pod) for pod in own),
        started=max((of_pod.started(pod) for pod in own), default=None),
        cpu=cores,
        memory=size,
        message="" if ready >= wanted else said or trouble(one),
    )


def _sum(pods: Iterable[Json], use: Use) -> tuple[float | None, int | None]:
    found = [use[place] for pod in pods if (place := _place(pod)) in use]
    if not found:
        return None, None
    return sum(cores for cores, _ in found), sum(size for _, size in found)


def _bounds(autoscalers: Iterable[Json]) -> dict[str, tuple[int, int]]:
    return {
        spec["scaleTargetRef"]["name"]: (int(spec.get("minReplicas", 1)), int(spec["maxReplicas"]))
        for one in autoscalers
        if (spec := one["spec"])["scaleTargetRef"].get("kind") == "Deployment"
    }


def _scaled_bounds(scaled: Iterable[Json]) -> dict[str, tuple[int, int]]:
    return {
        spec["scaleTargetRef"]["name"]: (
            int(spec.get("minReplicaCount", 0)),
            int(spec.get("maxReplicaCount", 100)),
        )
        for one in scaled
        if (spec := one["spec"])["scaleTargetRef"].get("kind", "Deployment") == "Deployment"
    }


def _event(one: Json) -> FleetEvent:
    series = one.get("series") or {}
    times = (
        series.get("lastObservedTime"), one.get("lastTimestamp"), one.get("eventTime"),
        one.get("firstTimestamp"), one["metadata"].get("creationTimestamp"),
    )  # fmt: skip
    about = one.get("involvedObject") or {}
    return FleetEvent(
        at=next((at for text in times if (at := of_pod.moment(text)) is not None), 0.0),
        kind=str(one.get("type", "")),
        object=str(about.get("name", "")),
        reason=str(one.get("reason", "")),
        message=str(one.get("message", "")),
    )
