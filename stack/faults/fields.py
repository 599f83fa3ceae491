"""The fields that kinds share, read strictly: each error names its field."""

from __future__ import annotations

from host.durations import format_duration, seconds_of
from stack.faults.model import COUNTED, MODES, Expression, Mode, Selector, VictimChoice
from stack.manifests.node import Node

LONGEST = 600.0
"""Seconds; no fault may last longer."""
COMMON = ("selector", "mode", "value", "duration")
"""Fields of `spec` that every kind has."""


def read_duration(node: Node, action: str) -> float:
    """Seconds of `spec.duration`. Raises StackError without one, or for one that is too long."""
    if node.value is None:
        raise node.refuse(
            f"is needed for {action}: every fault must have an end.",
            "Add a duration such as 30s.",
        )
    amount = read_seconds(node)
    if not 0 < amount <= LONGEST:
        raise node.refuse(f"must be above 0 and at most {format_duration(LONGEST)}.")
    return amount


def read_seconds(node: Node) -> float:
    """A duration in seconds."""
    amount = seconds_of(node.text())
    if amount is None:
        raise node.refuse(f"{node.value!r} is no duration.", "Write it as 500ms, 30s or 1m30s.")
    return amount


def read_choice(node: Node, namespace: str) -> VictimChoice:
    """Selector, mode and value."""
    word = node.at("mode").text()
    if word not in MODES:
        raise node.at("mode").refuse(f"must be one of {', '.join(MODES)}.")
    mode = MODES[word]
    value = 0
    if mode in COUNTED:
        value = _value(node.at("value"), mode)
    return VictimChoice(_selector(node.at("selector"), namespace), mode, value)


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


def read_percent(node: Node, least: float = 0.001) -> float:
    """A per cent that is written as text."""
    try:
        value = float(node.text())
    except ValueError:
        raise node.refuse('must be a per cent as text, such as "10".') from None
    if not least <= value <= 100:
        raise node.refuse("must be above 0 and at most 100.")
    return value
