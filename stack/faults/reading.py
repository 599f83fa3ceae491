"""Reads Chaos Mesh objects (chaos-mesh.org/v1alpha1) for the local stack, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stack.faults.fields import read_choice, read_duration
from stack.faults.model import Fault
from stack.faults.registry import kind_of
from stack.manifests.node import Node

API = "chaos-mesh.org/v1alpha1"


def fault(manifest: Mapping[str, Any], namespace: str) -> Fault:
    """The fault. Raises StackError where the local stack cannot do it, with the reason."""
    node = Node(dict(manifest), "fault", "")
    kind = kind_of(node.at("kind").text())
    if kind.not_here:
        raise node.at("kind").refuse(
            f"the local stack does not do {kind.name}: {kind.not_here}.", kind.instead
        )
    if node.at("apiVersion").text() != API:
        raise node.at("apiVersion").refuse(f"must be {API}.")
    node.only("apiVersion", "kind", "metadata", "spec")
    metadata = node.at("metadata")
    own = metadata.at("namespace").text(namespace)
    spec = node.at("spec")
    choice = read_choice(spec, own)
    what = kind.read(spec, own)
    name = metadata.at("name").text(metadata.at("generateName").text(what.action))
    at_once = kind.one_shot(spec.mapping())
    lasts = None if at_once else read_duration(spec.at("duration"), what.action)
    return Fault(kind.name, name, choice, what, lasts)
