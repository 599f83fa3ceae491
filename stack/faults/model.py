"""A fault as its manifest asks for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from stack.faults.preview import Preview
from stack.toxics import Toxic

Mode = Literal["one", "all", "fixed", "fixed-percent", "random-max-percent"]
Phase = Literal["injecting", "running", "paused", "deleting", "finished"]
"""Where a fault stands: the five words of Chaos Mesh's dashboard."""
NAME_LABEL = "app.kubernetes.io/name"
"""Label by which deployments and engines are named."""
MODES: Mapping[str, Mode] = {
    mode: mode for mode in ("one", "all", "fixed", "fixed-percent", "random-max-percent")
}
COUNTED: frozenset[Mode] = frozenset({"fixed", "fixed-percent", "random-max-percent"})
"""Modes that need a value."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One requirement of a label. `values` is empty for Exists and DoesNotExist."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """Which pods. Where `pods` (namespace -> names) is given, the other fields are ignored."""

    namespaces: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    expressions: tuple[Expression, ...] = ()
    pods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    phases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VictimChoice:
    """A selector, and how many of the selected ones."""

    selector: Selector
    mode: Mode
    value: int = 0
    """The number for `fixed`; per cent for the last two modes."""


class Victim(Protocol):
    """What can be hit: a pod of a deployment, or an engine, which looks like one here."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def group(self) -> str:
        """Its deployment; for an engine the name of the engine."""
        ...

    @property
    def is_engine(self) -> bool:
        """Whether it is an engine."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """What selects it."""
        ...

    @property
    def phase(self) -> str:
        """`Running` while its processes live."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it is ready."""
        ...

    @property
    def containers(self) -> tuple[str, ...]:
        """Names of its containers."""
        ...

    def check(self) -> None:
        """Raises StackError where its processes are not the stack's."""
        ...

    async def kill(self, grace: float) -> None:
        """Ends it, after `grace` seconds by force; something takes its place."""
        ...

    async def kill_containers(self, names: tuple[str, ...]) -> None:
        """Ends those containers by force; they start again."""
        ...

    async def hold(self, key: str) -> None:
        """Ends it by force, and it stays down until `release` with the same key."""
        ...

    def release(self, key: str) -> None:
        """Lets it start again."""
        ...

    def held(self, key: str) -> bool:
        """Whether something of it is still held down by that key."""
        ...


class FaultLinks(Protocol):
    """The links as a fault uses them."""

    @property
    def engines(self) -> Sequence[str]:
        """Names of those that links lead to."""
        ...

    def linked(self, engine: str) -> str:
        """Empty where a link leads to the engine, otherwise why there is none."""
        ...

    async def add(self, toxics: Sequence[Toxic]) -> None:
        """Puts them on their links."""
        ...

    async def again(self, toxics: Sequence[Toxic]) -> None:
        """Draws again which connections are hit, for toxics that hit a share of them."""
        ...

    async def remove(self, toxics: Sequence[Toxic]) -> None:
        """Takes them away. Raises StackError where one is left."""
        ...


@dataclass(frozen=True, slots=True)
class RequestRule:
    """Requests by a pattern of `backend:METHOD:path`, and what is done: `abort`, `delay:100`."""

    owner: str
    """Key of the fault that it is of."""
    pattern: str
    what: str


class FaultRequests(Protocol):
    """Rules for requests on their way to pods, as a fault uses them."""

    @property
    def delays(self) -> bool:
        """Whether requests can be held."""
        ...

    def ports(self, deployment: str) -> Mapping[int, tuple[str, ...]]:
        """Container port -> names of what leads to it."""
        ...

    async def add(self, rules: Sequence[RequestRule]) -> None:
        """Puts them on. Raises StackError."""
        ...

    async def remove(self, rules: Sequence[RequestRule]) -> None:
        """Takes them away. Raises StackError where one is left."""
        ...


@dataclass(frozen=True, slots=True)
class SplitBranch:
    """One branch of a split. `share` is 0 to 1; `path` is what is asked for instead, or empty."""

    name: str
    backend: str
    share: float
    path: str = ""


@dataclass(frozen=True, slots=True)
class SplitRule:
    """Requests of these paths, divided among backends."""

    owner: str
    """Key of the split that it is of."""
    paths: tuple[str, ...]
    branches: tuple[SplitBranch, ...]
    services: tuple[str, ...]
    """Services behind the branches."""


class FaultSplits(Protocol):
    """Splits of the ingress, as a fault uses them."""

    def check(self, paths: Sequence[str]) -> None:
        """Raises StackError for a path that no route has, or that is split already."""
        ...

    def backend(self, service: str, port: str | int) -> str:
        """What leads to the port of a Service. Raises StackError."""
        ...

    def ready(self, service: str) -> int | None:
        """Ready pods; None where it is started for the split."""
        ...

    def routed(self, path: str) -> str:
        """The Service that has the requests of a path without a split."""
        ...

    async def add(self, rule: SplitRule) -> None:
        """Divides from now on. Raises StackError."""
        ...

    async def counts(self, rule: SplitRule) -> Mapping[str, tuple[int, int]]:
        """Name of each branch -> requests that it got, and how many of these failed."""
        ...

    async def remove(self, rule: SplitRule) -> Mapping[str, tuple[int, int]]:
        """As without it, and the last counts. Raises StackError where something is left."""
        ...


class Ground(Protocol):
    """What a fault may use of the local stack."""

    @property
    def splits(self) -> FaultSplits:
        """Splits of the ingress."""
        ...

    @property
    def requests(self) -> FaultRequests:
        """Rules for requests on their way to pods."""
        ...

    @property
    def links(self) -> FaultLinks:
        """The links between deployments and engines."""
        ...

    @property
    def deployments(self) -> Sequence[str]:
        """Names of all of them."""
        ...

    def drawn(self, choice: VictimChoice) -> list[Victim]:
        """Pods and engines that another choice of the same object hits."""
        ...

    def whole(self, groups: Iterable[str]) -> set[str]:
        """Names of all living pods of these deployments."""
        ...

    def draw(self, fault: Fault, key: str) -> FaultPlan:
        """Chooses now whom another fault hits. Raises StackError where it cannot be done."""
        ...

    def preview(self, fault: Fault) -> Preview:
        """What another fault would hit now. Raises StackError where it cannot be done."""
        ...


class Injection(ABC):
    """A fault whose victims are chosen, ready to be carried out on the local stack."""

    time_begins_active: bool = False
    """Whether its time begins when it is active, as where something is started for it."""
    every: float | None = None
    """Seconds between calls of `again`; None where nothing is done meanwhile."""

    @property
    def over(self) -> bool:
        """Whether nothing is left to do before its time is over."""
        return False

    @property
    def hits(self) -> tuple[str, ...] | None:
        """Whom it has hit, where that is known only while it lasts."""
        return None

    @property
    def message(self) -> str:
        """What an operator should know, while it lasts."""
        return ""

    @property
    def figures(self) -> Mapping[str, Any]:
        """What it counts while it lasts; empty where nothing is counted."""
        return {}

    @abstractmethod
    def effect(self, amount: str) -> str:
        """One sentence on what happens. `amount` is such as `2 pods`."""

    @abstractmethod
    async def inject(self) -> None:
        """Carries it out; returns once it is active. After a StackError `recover` is called."""

    async def again(self) -> None:  # noqa: B027 - most kinds have nothing to do meanwhile
        """Keeps it up while it lasts."""

    @abstractmethod
    async def recover(self) -> None:
        """Ends it. Raises StackError where something of it is left; then it is called again."""


class FaultAct(ABC):
    """What one Chaos Mesh object asks for, read and checked."""

    action: str
    """The word for it: `pod-kill`, `delay`, `cpu`."""

    @abstractmethod
    def plan(
        self, key: str, matched: Sequence[Victim], hit: Sequence[Victim], ground: Ground
    ) -> Injection:
        """Plans how these are hit, under a key of its own. Raises StackError where it cannot."""

    def foretell(self, ground: Ground) -> Preview:
        """The preview of an object that selects no pods itself. Raises StackError."""
        raise NotImplementedError(self.action)

    def remarks(self, stays: int) -> list[str]:
        """What differs from Chaos Mesh, and warnings. `stays`: ready pods that are left."""
        return []


@dataclass(frozen=True, slots=True)
class Fault:
    """One Chaos Mesh object. `duration` is None where the action is over at once.

    `choice` is None where the object holds others, which have their own.
    """

    kind: str
    name: str
    choice: VictimChoice | None
    what: FaultAct
    duration: float | None


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """The draw: whom a fault hits, and how."""

    victims: tuple[Victim, ...]
    injection: Injection
