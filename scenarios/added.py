"""Things that are added by adding a file or a folder: the project's own, and those of the user."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Generic, Protocol, TypeVar

from scenarios.errors import ScenarioError


class Named(Protocol):
    """What can be added."""

    name: str


Thing = TypeVar("Thing", bound=Named)


@dataclass(frozen=True, slots=True)
class AddedThings(Generic[Thing]):
    """Where things of one sort are found."""

    own: str
    """The project's own package."""
    setting: str
    """Variable that names folders of more, parted as PATH is."""
    word: str
    """Name of the object that each of them holds."""
    sort: type[Thing]
    folders: bool = False
    """Whether each is a folder with an `__init__.py`; a file otherwise."""

    def things(self, folders: str) -> dict[str, Thing]:
        """Name -> thing; `folders` is the value of the setting. Raises what `bad` makes."""
        found: dict[str, Thing] = {}
        for place, module in self._modules(folders):
            thing = getattr(module, self.word, None)
            if not isinstance(thing, self.sort) or not thing.name:
                raise self.bad(place, f"holds no {self.word} with a name")
            if thing.name in found:
                raise self.bad(place, f"tells {thing.name} once more")
            found[thing.name] = thing
        return found

    def bad(self, place: str, why: str) -> Exception:
        """One that cannot be used."""
        return ScenarioError(f"{place} {why}", f"fix it, or take it out of {self.setting}")

    def _modules(self, folders: str) -> Iterator[tuple[str, ModuleType]]:
        package = importlib.import_module(self.own)
        for one in pkgutil.iter_modules(package.__path__):
            if one.ispkg == self.folders:
                yield one.name, importlib.import_module(f"{self.own}.{one.name}")
        for folder in filter(None, folders.split(os.pathsep)):
            if not Path(folder).is_dir():
                raise self.bad(folder, "is no folder")
            pattern = "[!_.]*/__init__.py" if self.folders else "[!_]*.py"
            for path in sorted(Path(folder).glob(pattern)):
                place = path.parent if self.folders else path
                yield str(place), self._loaded(path, place)

    def _loaded(self, path: Path, place: Path) -> ModuleType:
        """The module, under a name by which the files of its folder find each other."""
        name = f"{self.setting.lower()}_{place.stem}"
        inside = [str(place)] if self.folders else None
        spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=inside)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            why = f"cannot be read ({type(error).__name__}: {error})"
            raise self.bad(str(place), why) from error
        return module
