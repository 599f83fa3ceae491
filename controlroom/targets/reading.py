"""From the stack's JSON to the model: pure functions, one for each shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controlroom.model.fleet import Deployment, DiskUse, Engine, Fleet, FleetEvent, Pod
from controlroom.targets.abilities import (
    Endpoints,
    FaultStatus,
    Preview,
    TargetError,
    TargetInfo,
)

Json = Mapping[str, Any]


_PARTS = ("pods", "deployments", "engines")


def checked(status: Json) -> Json:
    """The same, where it is what a stack says of itself. Raises TargetError: nothing that runs and
    an answer that is none are not the same."""
    parts = [status.get(name) for name in _PARTS]
    lists = all(isinstance(part, list) for part in parts)
    if not lists or not all(isinstance(one, Mapping) for part in parts for one in part or ()):
        raise unreadable(f"no lists of {', '.join(_PARTS)}")
    return status


def unreadable(why: str) -> TargetError:
    """The error of an answer that cannot be read."""
    return TargetError(
        f"The stack answered what cannot be read ({why}).",
        "See that it is of this version: `controlroom down`, then `controlroom up`.",
    )


def fleet(status: Json, events: Iterable[FleetEvent], now: float) -> Fleet:
    """Everything that runs. What a deployment uses is the sum over its pods."""
    pods = tuple(_pod(one) for one in status.get("pods", ()))
    return Fleet(
        deployments=tuple(_deployment(one, pods, now) for one in status.get("deployments", ())),
        pods=pods,
        engines=tuple(_engine(one) for one in status.get("engines", ())),
        events=tuple(events),
        started=status.get("stack", {}).get("started"),
    )


def event(one: Json) -> FleetEvent:
    """One event of the stack."""
    return FleetEvent(
        at=float(one["at"]),
        kind=str(one.get("kind", "")),
        object=str(one.get("object", "")),
        reason=str(one.get("reason", "")),
        message=str(one.get("message", "")),
    )


def endpoints(data: Json) -> Endpoints:
    """Where the endpoints are. KeyError while the stack does not know one yet, and says null."""
    for name, address in data.items():
        if address is None:
            raise KeyError(name)
    return Endpoints({name: str(address) for name, address in data.items()})


def info(status: Json) -> TargetInfo:
    """Who it is; `details` holds the rest of what the stack says of itself, as text."""
    stack = status["stack"]
    details = {key: str(value) for key, value in stack.items() if value not in (None, "")}
    return TargetInfo("local stack", str(stack.get("scenario", "")), stack.get("started"), details)


def preview(data: Json) -> Preview:
    """What a fault would hit."""
    return Preview(
        matched=int(data["matched"]),
        hits=tuple(data["hits"]),
        hit_count=int(data["hit_count"]),
        stays=int(data["stays"]),
        effect=str(data["effect"]),
        ends=str(data["ends"]),
        remarks=tuple(data.get("remarks", ())),
        branches=tuple(data.get("branches", ())),
    )


def fault(data: Json) -> FaultStatus:
    """A fault that the stack holds."""
    return FaultStatus(
        id=str(data["id"]),
        run=str(data.get("run", "")),
        kind=str(data["kind"]),
        action=str(data["action"]),
        name=str(data.get("name", "")),
        targets=tuple(data.get("targets", ())),
        phase=data["phase"],
        created=float(data["created"]),
        injected=data.get("injected"),
        recovered=data.get("recovered"),
        ends=data.get("ends"),
        message=str(data.get("message") or ""),
        figures=data.get("figures"),
    )


def _pod(one: Json) -> Pod:
    return Pod(
        name=str(one["name"]),
        deployment=str(one["deployment"]),
        ready=bool(one["ready"]),
        phase=str(one["phase"]),
        restarts=int(one.get("restarts", 0)),
        started=float(one.get("started") or 0.0),
        cpu=one.get("cpu"),
        memory=one.get("memory"),
        containers=tuple(str(each["name"]) for each in one.get("containers", ())),
        message=str(one.get("message") or ""),
    )


def _deployment(one: Json, pods: tuple[Pod, ...], now: float) -> Deployment:
    own = [pod for pod in pods if pod.deployment == one["name"]]
    started = [pod.started for pod in own if pod.started]
    cpu = [pod.cpu for pod in own if pod.cpu is not None]
    memory = [pod.memory for pod in own if pod.memory is not None]
    return Deployment(
        name=str(one["name"]),
        replicas=int(one["replicas"]),
        ready=int(one["ready"]),
        restarts=sum(pod.restarts for pod in own),
        age=max(0.0, now - max(started)) if started else None,
        cpu=sum(cpu) if cpu else None,
        memory=sum(memory) if memory else None,
        minimum=one.get("minimum"),
        maximum=one.get("maximum"),
        message=str(one.get("message") or ""),
    )


def _disk(one: Json | None) -> DiskUse | None:
    if one is None:
        return None
    return DiskUse(int(one["used"]), int(one["free"]), bool(one["full"]))


def _engine(one: Json) -> Engine:
    return Engine(
        name=str(one["name"]),
        state=str(one["state"]),
        restarts=int(one.get("restarts") or 0),
        started=one.get("started"),
        cpu=one.get("cpu"),
        memory=one.get("memory"),
        message=str(one.get("message") or ""),
        disk=_disk(one.get("disk")),
    )
