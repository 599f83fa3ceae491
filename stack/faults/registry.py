"""All kinds: those of `stack/faults/kinds`, and those of folders that the user names."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

from host.errors import StackError
from stack.faults import kinds as own
from stack.faults.kind import Kind, Unknown

FOLDERS = "CONTROLROOM_FAULTS"
"""Variable that names folders of more kinds, parted as PATH is: a Python file for each."""


def kind_of(name: str) -> Kind:
    """The kind of that name; one that nobody knows is refused by the local stack."""
    return kinds().get(name) or Unknown(name)


def kinds() -> Mapping[str, Kind]:
    """Name -> kind. Raises StackError for a file of a kind that cannot be used."""
    return _kinds(os.environ.get(FOLDERS, ""))


@cache
def _kinds(folders: str) -> Mapping[str, Kind]:
    found: dict[str, Kind] = {}
    for place, module in _modules(folders):
        kind = getattr(module, "KIND", None)
        if not isinstance(kind, Kind) or not kind.name:
            raise _bad(place, "holds no KIND with a name")
        if kind.name in found:
            raise _bad(place, f"tells {kind.name} once more")
        found[kind.name] = kind
    return found


def _modules(folders: str) -> Iterator[tuple[str, ModuleType]]:
    for one in pkgutil.iter_modules(own.__path__):
        yield one.name, importlib.import_module(f"{own.__name__}.{one.name}")
    for folder in filter(None, folders.split(os.pathsep)):
        if not Path(folder).is_dir():
            raise _bad(folder, "is no folder")
        for path in sorted(Path(folder).glob("[!_]*.py")):
            yield str(path), _loaded(path)


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"controlroom_fault_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _bad(str(path), f"cannot be read ({type(error).__name__}: {error})") from error
    return module


def _bad(place: str, why: str) -> StackError:
    return StackError(f"{place} {why}.", f"Mend it, or take it out of {FOLDERS}.", "refused")
