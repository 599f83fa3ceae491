"""Schedule: one fault again and again, as cron says, until an end that it is given here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from host.durations import seconds_of
from stack.faults import reading
from stack.faults.course import Course
from stack.faults.cron import Cron
from stack.faults.kind import Kind
from stack.faults.model import FaultAct
from stack.faults.steps import Repeat
from stack.manifests.node import Node

DURATION = "controlroom/duration"
"""Annotation with its end: Chaos Mesh knows none."""


def field_of(kind: str) -> str:
    """Where an object holds the spec of another kind: `podChaos`, `httpChaos`."""
    return re.sub(r"^[A-Z]+(?=[A-Z][a-z])|^[A-Z]", lambda found: found[0].lower(), kind)


def repeat(spec: Node, namespace: str, name: str = "firing") -> Repeat:
    """What it asks for. Raises StackError that names the field."""
    kind = reading.held_kind(spec.at("type"))
    held = field_of(kind.name)
    if spec.has("startingDeadlineSeconds"):
        raise spec.at("startingDeadlineSeconds").refuse("nothing is late on the local stack.")
    spec.only("schedule", "type", "concurrencyPolicy", "historyLimit", held)
    when = spec.at("schedule").text()
    try:
        Cron(when)
    except ValueError as error:
        raise spec.at("schedule").refuse(f"{when!r} cannot be used: {error}.") from None
    policy = spec.at("concurrencyPolicy").text("Forbid")
    if policy not in ("Forbid", "Allow"):
        raise spec.at("concurrencyPolicy").refuse("must be Forbid or Allow.")
    history = spec.at("historyLimit").integer(1, minimum=1)
    fault = reading.part(kind, spec.at(held), namespace, name)
    return Repeat(name, when, fault, policy == "Allow", history)


class Schedule(Kind):
    """Repeats a fault."""

    name = "Schedule"
    selects = False

    def action(self, spec: Mapping[str, Any]) -> str:
        """The kind that it repeats."""
        return str(spec.get("type") or "")

    def parts(self, spec: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """The one that it repeats."""
        held = spec.get(field_of(self.action(spec)))
        return [(self.action(spec), held)] if isinstance(held, dict) else []

    def lasts(self, manifest: Mapping[str, Any]) -> float | None:
        """By its annotation."""
        notes = (manifest.get("metadata") or {}).get("annotations") or {}
        return seconds_of(str(notes.get(DURATION, "")))

    def last(self, manifest: dict[str, Any], duration: str) -> None:
        """The same."""
        manifest["metadata"].setdefault("annotations", {})[DURATION] = duration

    def read(self, spec: Node, namespace: str) -> FaultAct:
        """Raises StackError that names the field."""
        return Course("schedule", repeat(spec, namespace))


KIND = Schedule()
