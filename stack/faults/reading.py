"""Reads Chaos Mesh objects (chaos-mesh.org/v1alpha1), strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stack.faults.durations import seconds, words
from stack.faults.model import (
    Choice,
    Direction,
    Expression,
    Fault,
    LinkFault,
    Mode,
    PodFault,
    Selector,
)
from stack.manifests.node import Node

LONGEST = 600.0
"""Seconds; no fault may last longer."""
_API = "chaos-mesh.org/v1alpha1"
_MODES: dict[str, Mode] = {
    mode: mode for mode in ("one", "all", "fixed", "fixed-percent", "random-max-percent")
}
_DIRECTIONS: dict[str, Direction] = {word: word for word in ("to", "from", "both")}
_COMMON = ("selector", "mode", "value", "duration", "action")
_REASONS = {
    "Schedule": "it has no end of its own",
    "Workflow": "the stack carries out one fault at a time",
    "StressChaos": "processes share the machine, so stress would hit everything on it",
    "HTTPChaos": "no proxy stands before the services",
    "IOChaos": "processes share the file system",
    "TimeChaos": "processes share the clock",
    "DNSChaos": "addresses here are numbers",
}


def fault(manifest: Mapping[str, Any], namespace: str) -> Fault:
    """The fault. Raises StackError where the local stack cannot do it, with the reason."""
    node = Node(dict(manifest), "fault", "")
    kind = node.at("kind").text()
    if kind not in ("PodChaos", "NetworkChaos"):
        why = _REASONS.get(kind, "it is not known here")
        raise node.at("kind").refuse(
            f"the local stack does not do {kind}: {why}.", "Use PodChaos or NetworkChaos."
        )
    if node.at("apiVersion").text() != _API:
        raise node.at("apiVersion").refuse(f"must be {_API}.")
    node.only("apiVersion", "kind", "metadata", "spec")
    metadata = node.at("metadata")
    own = metadata.at("namespace").text(namespace)
    spec = node.at("spec")
    choice = _choice(spec, own)
    what = _pod_fault(spec) if kind == "PodChaos" else _link_fault(spec, own)
    name = metadata.at("name").text(metadata.at("generateName").text(what.action))
    return Fault(kind, name, choice, what, _duration(spec.at("duration"), what))


def _duration(node: Node, what: PodFault | LinkFault) -> float | None:
    if what.action in ("pod-kill", "container-kill"):
        return None
    if node.value is None:
        raise node.refuse(
            f"is needed for {what.action}: every fault must have an end.",
            "Add a duration such as 30s.",
        )
    amount = _seconds(node)
    if not 0 < amount <= LONGEST:
        raise node.refuse(f"must be above 0 and at most {words(LONGEST)}.")
    return amount


def _seconds(node: Node) -> float:
    amount = seconds(node.text())
    if amount is None:
        raise node.refuse(f"{node.value!r} is no duration.", "Write it as 500ms, 30s or 1m30s.")
    return amount


def _choice(node: Node, namespace: str) -> Choice:
    word = node.at("mode").text()
    if word not in _MODES:
        raise node.at("mode").refuse(f"must be one of {', '.join(_MODES)}.")
    mode = _MODES[word]
    value = 0
    if mode in ("fixed", "fixed-percent", "random-max-percent"):
        value = _value(node.at("value"), mode)
    return Choice(_selector(node.at("selector"), namespace), mode, value)


def _value(node: Node, mode: Mode) -> int:
    text = node.text()
    if not text.isdigit():
        raise node.refuse('must be a whole number as text, such as "50".')
    number = int(text)
    if number < 1 or (mode != "fixed" and number > 100):
        raise node.refuse("must be 1 or more." if mode == "fixed" else "must be 1 to 100.")
    return number


def _selector(node: Node, namespace: str) -> Selector:
    for other in ("annotationSelectors", "fieldSelectors", "nodes", "nodeSelectors"):
        if node.has(other):
            raise node.at(other).refuse("the local stack does not know it.", "Use labels.")
    node.only("namespaces", "labelSelectors", "expressionSelectors", "pods", "podPhaseSelectors")
    pods = node.at("pods")
    return Selector(
        namespaces=node.at("namespaces").texts() or (namespace,),
        labels=node.at("labelSelectors").labels(),
        expressions=tuple(_expression(x) for x in node.at("expressionSelectors").items()),
        pods={space: pods.at(space).texts() for space in pods.mapping()},
        phases=node.at("podPhaseSelectors").texts(),
    )


def _expression(node: Node) -> Expression:
    node.only("key", "operator", "values")
    word = node.at("operator").text()
    values = node.at("values").texts()
    key = node.at("key").text()
    if word in ("In", "NotIn"):
        if not values:
            raise node.at("values").refuse(f"is needed for {word}.")
        return Expression(key, "In" if word == "In" else "NotIn", values)
    if word in ("Exists", "DoesNotExist"):
        if values:
            raise node.at("values").refuse(f"must be empty for {word}.")
        return Expression(key, "Exists" if word == "Exists" else "DoesNotExist")
    raise node.at("operator").refuse("must be In, NotIn, Exists or DoesNotExist.")


def _pod_fault(node: Node) -> PodFault:
    node.only(*_COMMON, "gracePeriod", "containerNames")
    containers = node.at("containerNames").texts()
    grace = float(node.at("gracePeriod").integer(0))
    match node.at("action").text():
        case "pod-kill":
            return PodFault("pod-kill", (), grace)
        case "pod-failure":
            return PodFault("pod-failure")
        case "container-kill":
            if not containers:
                raise node.at("containerNames").refuse("is needed for container-kill.")
            return PodFault("container-kill", containers)
        case other:
            raise node.at("action").refuse(
                f"{other!r} is not known; use pod-kill, pod-failure or container-kill."
            )


def _link_fault(node: Node, namespace: str) -> LinkFault:
    for other in ("externalTargets", "device", "targetDevice"):
        if node.has(other):
            raise node.at(other).refuse("the links of the local stack have none.")
    action = node.at("action").text()
    if action not in ("delay", "loss", "partition"):
        raise node.at("action").refuse(f"{action!r} is not done here; use delay, loss, partition.")
    node.only(*_COMMON, "direction", "target", action)
    word = node.at("direction").text("to")
    if word not in _DIRECTIONS:
        raise node.at("direction").refuse("must be to, from or both.")
    target = _choice(node.at("target"), namespace) if node.has("target") else None
    if target is None and word != "to":
        raise node.at("direction").refuse(f"{word} needs a target.", "Add spec.target.")
    if node.has("target"):
        node.at("target").only("selector", "mode", "value")
    settings = node.at(action)
    if action == "delay":
        return _delay(settings, _DIRECTIONS[word], target)
    if action == "loss":
        return _loss(settings, _DIRECTIONS[word], target)
    return LinkFault("partition", _DIRECTIONS[word], target)


def _delay(node: Node, direction: Direction, target: Choice | None) -> LinkFault:
    node.only("latency", "jitter", "correlation")
    jitter = _seconds(node.at("jitter")) if node.has("jitter") else 0.0
    remarks = ["The jitter is spread evenly around the latency."] if jitter else []
    remarks += _correlation(node)
    latency = _seconds(node.at("latency"))
    return LinkFault("delay", direction, target, latency, jitter, remarks=tuple(remarks))


def _loss(node: Node, direction: Direction, target: Choice | None) -> LinkFault:
    node.only("loss", "correlation")
    share = _per_cent(node.at("loss"))
    remarks = [
        f"Instead of packets, connections are lost: each second every one of them is reset "
        f"with a chance of {share:g} %.",
        *_correlation(node),
    ]
    return LinkFault("loss", direction, target, loss=share, remarks=tuple(remarks))


def _correlation(node: Node) -> list[str]:
    if not node.has("correlation") or _per_cent(node.at("correlation"), 0.0) == 0:
        return []
    return ["The correlation is left aside: each draw is independent."]


def _per_cent(node: Node, least: float = 0.001) -> float:
    try:
        value = float(node.text())
    except ValueError:
        raise node.refuse('must be a per cent as text, such as "10".') from None
    if not least <= value <= 100:
        raise node.refuse("must be above 0 and at most 100.")
    return value
