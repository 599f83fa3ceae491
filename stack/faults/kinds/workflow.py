"""Workflow: faults and pauses one after the other, or at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from host.durations import seconds_of
from stack.faults import reading
from stack.faults.course import Course
from stack.faults.fields import read_seconds
from stack.faults.kind import Kind
from stack.faults.kinds.schedule import field_of, repeat
from stack.faults.model import FaultAct
from stack.faults.registry import kind_of, kinds
from stack.faults.steps import FaultStep, Group, Step, Wait
from stack.manifests.node import Node

MOST = 50
"""Steps of one workflow, each counted as often as it is done."""
GROUPS = ("Serial", "Parallel")


class Workflow(Kind):
    """Carries out templates, from the entry on."""

    name = "Workflow"
    selects = False

    def parts(self, spec: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """The faults of all templates."""
        found: list[tuple[str, dict[str, Any]]] = []
        for one in _templates(spec):
            kind = str(one.get("templateType"))
            held = one.get(field_of(kind))
            if not isinstance(held, dict):
                continue
            found += kind_of(kind).parts(held) if kind == "Schedule" else [(kind, held)]
        return found

    def lasts(self, manifest: Mapping[str, Any]) -> float | None:
        """By the deadlines of the templates; None where one has none, or cannot be read."""
        spec = manifest.get("spec") or {}
        named = {str(one.get("name")): one for one in _templates(spec)}
        return _length(named, str(spec.get("entry")), ())

    def last(self, manifest: dict[str, Any], duration: str) -> None:
        """By the deadline of the entry."""
        spec = manifest["spec"]
        for one in _templates(spec):
            if one.get("name") == spec.get("entry"):
                one["deadline"] = duration

    def read(self, spec: Node, namespace: str) -> FaultAct:
        """Raises StackError that names the field."""
        spec.only("entry", "templates")
        named: dict[str, Node] = {}
        for one in spec.at("templates").items():
            if one.at("name").text() in named:
                raise one.at("name").refuse(f"{one.at('name').text()!r} is there twice.")
            named[one.at("name").text()] = one
        reader = _Reader(named, namespace)
        return Course("workflow", reader.step(spec.at("entry"), ()))


class _Reader:
    def __init__(self, named: Mapping[str, Node], namespace: str) -> None:
        self._named = named
        self._namespace = namespace
        self._count = 0

    def step(self, place: Node, above: tuple[str, ...]) -> Step:
        """The step that is named at a place, below those."""
        name = place.text()
        self._count += 1
        if name not in self._named:
            raise place.refuse(f"no template is called {name!r}.")
        if name in above or self._count > MOST:
            raise place.refuse(
                f"{name!r} holds itself." if name in above else f"more than {MOST} steps."
            )
        node = self._named[name]
        kind = node.at("templateType").text()
        if kind in GROUPS:
            return self._group(node, kind, (*above, name))
        if kind == "Suspend":
            node.only("name", "templateType", "deadline")
            return Wait(name, _deadline(node))
        if kind not in kinds():
            raise node.at("templateType").refuse(
                f"{kind} is not done on the local stack.",
                "Use Serial, Parallel, Suspend, Schedule or a kind of fault.",
            )
        return self._held(node, name)

    def _held(self, node: Node, name: str) -> Step:
        which = node.at("templateType")
        held = field_of(which.text())
        node.only("name", "templateType", "deadline", held)
        lasts = _deadline(node)
        if which.text() == "Schedule":
            return replace(repeat(node.at(held), self._namespace, name), lasts=lasts)
        kind = reading.held_kind(which)
        if node.at(held).has("duration"):
            raise (
                node.at(held)
                .at("duration")
                .refuse("a workflow knows only deadlines.", "Give the template a deadline instead.")
            )
        fault = reading.part(kind, node.at(held), self._namespace, name, node.at("deadline"))
        return FaultStep(name, fault, lasts)

    def _group(self, node: Node, kind: str, above: tuple[str, ...]) -> Step:
        node.only("name", "templateType", "deadline", "children")
        children = tuple(self.step(one, above) for one in node.at("children").items())
        if not children:
            raise node.at("children").refuse(f"is needed for {kind}.")
        end = _deadline(node) if node.has("deadline") else None
        return Group(above[-1], children, kind == "Parallel", end)


def _deadline(node: Node) -> float:
    given = node.at("deadline")
    if given.value is None:
        raise given.refuse("is needed: every step must have an end.", "Add one such as 30s.")
    amount = read_seconds(given)
    if amount <= 0:
        raise given.refuse("must be above 0.")
    return amount


def _templates(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = spec.get("templates")
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _length(named: Mapping[str, dict[str, Any]], name: str, above: tuple[str, ...]) -> float | None:
    one = named.get(name)
    if one is None or name in above:
        return None
    own = seconds_of(str(one.get("deadline", "")))
    if one.get("templateType") not in GROUPS:
        return own
    each = [_length(named, str(child), (*above, name)) for child in one.get("children") or ()]
    known = [length for length in each if length is not None]
    if len(known) < len(each) or not each:
        return own
    whole = max(known) if one.get("templateType") == "Parallel" else sum(known)
    return whole if own is None else min(own, whole)


KIND = Workflow()
