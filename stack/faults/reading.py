"""Reads Chaos Mesh objects, and those of kinds that were added, for the local stack, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from host.durations import format_duration
from stack.faults.course import Course
from stack.faults.fields import LONGEST, read_choice, read_duration
from stack.faults.kind import Kind
from stack.faults.model import Fault
from stack.faults.registry import kind_of
from stack.faults.steps import ending
from stack.manifests.node import Node


def fault(manifest: Mapping[str, Any], namespace: str) -> Fault:
    """The fault. Raises StackError where the local stack cannot do it, with the reason."""
    node = Node(dict(manifest), "fault", "")
    kind = kind_of(node.at("kind").text())
    if kind.not_here:
        raise node.at("kind").refuse(
            f"the local stack does not do {kind.name}: {kind.not_here}.", kind.instead
        )
    if node.at("apiVersion").text() != kind.api:
        raise node.at("apiVersion").refuse(f"must be {kind.api}.")
    node.only("apiVersion", "kind", "metadata", "spec")
    metadata = node.at("metadata")
    own = metadata.at("namespace").text(namespace)
    spec = node.at("spec")
    if not kind.selects:
        return _course(node, kind, own)
    name = metadata.at("name").text(metadata.at("generateName").text(kind.name.lower()))
    return part(kind, spec, own, name)


def part(kind: Kind, spec: Node, namespace: str, name: str, lasts: Node | None = None) -> Fault:
    """One fault by its spec; `lasts` is where its duration stands, if not there."""
    choice = read_choice(spec, namespace)
    what = kind.read(spec, namespace)
    if kind.one_shot(spec.mapping()):
        return Fault(kind.name, name, choice, what, None)
    return Fault(
        kind.name, name, choice, what, read_duration(lasts or spec.at("duration"), what.action)
    )


def held_kind(node: Node) -> Kind:
    """The kind that an object names as what it holds. Raises StackError for one that cannot be."""
    kind = kind_of(node.text())
    why = kind.not_here or ("" if kind.selects else "it cannot be within another")
    if why:
        raise node.refuse(f"the local stack does not do {kind.name} here: {why}.", kind.instead)
    return kind


def _course(node: Node, kind: Kind, namespace: str) -> Fault:
    what = kind.read(node.at("spec"), namespace)
    lasts = kind.lasts(node.mapping())
    if lasts is None:
        raise node.refuse("it has no end.", "Give --duration, such as 60s.")
    if not 0 < lasts <= LONGEST:
        raise node.refuse(
            f"it lasts {format_duration(lasts)}; at most {format_duration(LONGEST)} are allowed."
        )
    if isinstance(what, Course):
        what = replace(what, root=ending(what.root, lasts))
    return Fault(kind.name, node.at("metadata").at("name").text(kind.name), None, what, lasts)
