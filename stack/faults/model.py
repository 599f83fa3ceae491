"""A fault as its manifest asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["one", "all", "fixed", "fixed-percent", "random-max-percent"]
Direction = Literal["to", "from", "both"]


@dataclass(frozen=True, slots=True)
class Expression:
    """One requirement of a label. `values` is empty for Exists and DoesNotExist."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """Which pods. With `pods` (namespace -> names) all the rest counts for nothing."""

    namespaces: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    expressions: tuple[Expression, ...] = ()
    pods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    phases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A selector, and how many of the selected ones."""

    selector: Selector
    mode: Mode
    value: int = 0
    """A number for fixed, per cent for the two last modes."""


@dataclass(frozen=True, slots=True)
class PodFault:
    """What a PodChaos does."""

    action: Literal["pod-kill", "pod-failure", "container-kill"]
    containers: tuple[str, ...] = ()
    grace: float = 0.0


@dataclass(frozen=True, slots=True)
class LinkFault:
    """What a NetworkChaos does. Times in seconds, loss in per cent."""

    action: Literal["delay", "loss", "partition"]
    direction: Direction = "to"
    target: Choice | None = None
    latency: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One Chaos Mesh object. `duration` is None where the action is over at once."""

    kind: str
    name: str
    choice: Choice
    what: PodFault | LinkFault
    duration: float | None
