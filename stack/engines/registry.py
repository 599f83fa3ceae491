"""All kinds of engines: those of `stack/engines`, and those of folders that the user names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from host.errors import StackError, refused
from host.ports import Ports
from scenarios.added import Registry
from stack.engines.engine import Engine
from stack.engines.kind import EngineKind, EnginePlace

FOLDERS = "CONTROLROOM_ENGINES"
"""Variable that names folders of more kinds, parted as PATH is: a Python package for each."""
RESERVED = frozenset({"ingress", "brokers", "absent"})
"""Words of the endpoints that no engine may be called by."""
OneEngine = TypeVar("OneEngine", bound=Engine)


class Engines(Mapping[str, Engine]):
    """The engines of one stack by name, in the order of their ranks."""

    def __init__(self, kinds: Mapping[str, EngineKind], place: EnginePlace) -> None:
        self._engines = {name: kind.engine(place) for name, kind in kinds.items()}
        self.endpoints = {kind.endpoint: name for name, kind in kinds.items() if kind.endpoint}
        """Name among the endpoints -> engine."""
        self.linked = {name: kind.variable for name, kind in kinds.items() if kind.variable}
        """Engine -> entry of the ConfigMap `endpoints`; of those that links lead to."""
        self.needed = [name for name, kind in kinds.items() if kind.needed]
        """Those without which services are not started."""

    def __getitem__(self, name: str) -> Engine:
        return self._engines[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._engines)

    def __len__(self) -> int:
        return len(self._engines)

    def find(self, sort: type[OneEngine]) -> OneEngine | None:
        """The engine of that class; None where another one stands in its place."""
        return next((one for one in self.values() if isinstance(one, sort)), None)

    def own(self, sort: type[OneEngine]) -> OneEngine:
        """The engine of that class, which every stack runs itself."""
        found = self.find(sort)
        if found is None:
            raise StackError(f"This stack has no {sort.__name__}.", "Say so to the developers.")
        return found


def engines_for(state: Path, environ: Mapping[str, str] | None = None) -> Engines:
    """The engines for one state folder. Raises StackError for a bad CONTROLROOM_... address."""
    given = os.environ if environ is None else environ
    return Engines(kinds(), EnginePlace(state, Ports(state), given))


def _ranked(found: Mapping[str, EngineKind]) -> Mapping[str, EngineKind]:
    """In the order of ranks. Raises StackError where two share a word of the endpoints."""
    taken = set(RESERVED)
    for kind in sorted(found.values(), key=lambda each: each.rank):
        words = {word for word in (kind.endpoint, kind.variable) if word}
        if words & taken:
            why = f"{kind.name} has the endpoint or the variable of another engine"
            raise refused(why, f"fix it, or take it out of {FOLDERS}")
        taken |= words
    return dict(sorted(found.items(), key=lambda each: (each[1].rank, each[0])))


kinds = Registry(
    "stack.engines",
    FOLDERS,
    "ENGINE",
    EngineKind,  # type: ignore[type-abstract]
    folders=True,
    error=refused,
    checked=_ranked,
)
