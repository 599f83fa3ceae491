"""What one kind of Chaos Mesh is: its words everywhere, and its work on the local stack.

A kind is one file that holds `KIND`. See docs/contributing.md for how to add one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from host.durations import seconds_of
from stack.faults.model import FaultAct
from stack.manifests.node import Node

API = "chaos-mesh.org/v1alpha1"
"""`apiVersion` of the objects of Chaos Mesh."""


class Kind:
    """One kind. Without `read` it is Chaos Mesh's alone, and the local stack says `not_here`."""

    name: str = ""
    """As `kind` of an object has it."""
    api: str = API
    """As `apiVersion` of an object has it."""
    actions: tuple[str, ...] = ()
    """The values of `spec.action`; empty where the kind has no such field."""
    at_once: frozenset[str] = frozenset()
    """Actions that are over as soon as they are done, whatever their duration says."""
    ends: bool = True
    """Whether an object can be given an end."""
    selects: bool = True
    """Whether an object has selector, mode and duration itself; else it holds others that have."""
    not_here: str = ""
    """Why the local stack does not carry it out; empty where it does."""
    instead: str = "Use PodChaos, NetworkChaos, StressChaos or HTTPChaos."
    """What to do where it is not carried out."""

    def action(self, spec: Mapping[str, Any]) -> str:
        """One word for what an object does; empty where the kind says it all."""
        return str(spec.get("action") or "")

    def title(self, spec: Mapping[str, Any]) -> str:
        """Kind and action: `PodChaos pod-kill`."""
        return f"{self.name} {self.action(spec)}".rstrip()

    def one_shot(self, spec: Mapping[str, Any]) -> bool:
        """Whether the object is over as soon as it is done."""
        return self.action(spec) in self.at_once

    def parts(self, spec: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """Kind and spec of each that an object holds; those of the object itself, not copies."""
        return []

    def lasts(self, manifest: Mapping[str, Any]) -> float | None:
        """Seconds until its end; None where it has none, or none that can be read."""
        given = (manifest.get("spec") or {}).get("duration")
        return seconds_of(given) if isinstance(given, str) else None

    def last(self, manifest: dict[str, Any], duration: str) -> None:
        """Gives an object another end."""
        manifest["spec"]["duration"] = duration

    def read(self, spec: Node, namespace: str) -> FaultAct:
        """What the local stack is to do. Raises StackError that names the field."""
        raise NotImplementedError(self.name)


class UnknownFaultKind(Kind):
    """A kind that no file defines."""

    not_here = "it is not known here"

    def __init__(self, name: str) -> None:
        self.name = name
        self.ends = False
