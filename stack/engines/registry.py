"""All kinds of engines: those of `stack/engines`, and those of folders that the user names."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from host.errors import StackError
from host.ports import Ports
from stack import engines as own
from stack.engines.engine import Engine
from stack.engines.kind import EngineKind, Place

FOLDERS = "CONTROLROOM_ENGINES"
"""Variable that names folders of more kinds, parted as PATH is: a Python package for each."""
RESERVED = frozenset({"ingress", "brokers", "absent"})
"""Words of the endpoints that no engine may be called by."""
OneEngine = TypeVar("OneEngine", bound=Engine)


class Engines(Mapping[str, Engine]):
    """The engines of one stack by name, in the order of their ranks."""

    def __init__(self, kinds: Mapping[str, EngineKind], place: Place) -> None:
        self._engines = {name: kind.engine(place) for name, kind in kinds.items()}
        self.doors = {kind.door: name for name, kind in kinds.items() if kind.door}
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
    return Engines(kinds(), Place(state, Ports(state), given))


def kinds() -> Mapping[str, EngineKind]:
    """Name -> kind, in the order of ranks. Raises StackError for a kind that cannot be used."""
    return _kinds(os.environ.get(FOLDERS, ""))


@cache
def _kinds(folders: str) -> Mapping[str, EngineKind]:
    found: dict[str, EngineKind] = {}
    for place, module in _modules(folders):
        kind = getattr(module, "ENGINE", None)
        if not isinstance(kind, EngineKind):
            raise _bad(place, "holds no ENGINE in its __init__.py")
        if kind.name in found:
            raise _bad(place, f"tells {kind.name} once more")
        doors = {one.door for one in found.values() if one.door} | RESERVED
        variables = {one.variable for one in found.values() if one.variable}
        if kind.door in doors or kind.variable in variables:
            raise _bad(place, f"has the door or the variable of another engine ({kind.name})")
        found[kind.name] = kind
    return dict(sorted(found.items(), key=lambda one: (one[1].rank, one[0])))


def _modules(folders: str) -> Iterator[tuple[str, ModuleType]]:
    for one in pkgutil.iter_modules(own.__path__):
        if one.ispkg:
            yield one.name, importlib.import_module(f"{own.__name__}.{one.name}")
    for folder in filter(None, folders.split(os.pathsep)):
        if not Path(folder).is_dir():
            raise _bad(folder, "is no folder")
        for path in sorted(Path(folder).glob("[!_.]*/__init__.py")):
            yield str(path.parent), _loaded(path)


def _loaded(path: Path) -> ModuleType:
    """The package, under a name by which its own files find each other."""
    name = f"controlroom_engine_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[str(path.parent)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _bad(str(path), f"cannot be read ({type(error).__name__}: {error})") from error
    return module


def _bad(place: str, why: str) -> StackError:
    return StackError(f"{place} {why}.", f"Mend it, or take it out of {FOLDERS}.", "refused")
