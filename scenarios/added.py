"""Things that are added by adding a file or a folder: the project's own, and those of the user."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Generic, Protocol, TypeVar
from zlib import crc32

from scenarios.errors import ScenarioError


class Named(Protocol):
    """What can be added."""

    name: str


Thing = TypeVar("Thing", bound=Named)


@dataclass(frozen=True)
class Registry(Generic[Thing]):
    """Where things of one sort are found; called, it answers them by name."""

    own: str
    """The project's own package."""
    setting: str
    """Variable that names folders of more, parted as PATH is."""
    word: str
    """Name of the object that each of them holds."""
    sort: type[Thing]
    folders: bool = False
    """Whether each is a folder with an `__init__.py`; a file otherwise."""
    error: Callable[[str, str], Exception] = ScenarioError
    """Made of what is wrong and how it is fixed."""
    checked: Callable[[Mapping[str, Thing]], Mapping[str, Thing]] = lambda found: found
    """Looks at all of them, and puts them in order."""

    def __call__(self, package: str = "", folder: Path | None = None) -> Mapping[str, Thing]:
        """Name -> thing, also those of a folder of a package of the user, if it is there.

        Raises what `error` makes for the first that cannot be used.
        """
        given = os.environ.get(self.setting, "")
        if folder is None or not folder.is_dir():
            return _known(self, given)
        found = dict(_known(self, given))
        for path, module in modules(folder, package):
            self._take(found, path, module, "fix it")
        return self.checked(found)

    def all(self, given: str) -> Mapping[str, Thing]:
        """The project's own, and those of the folders that are given as the setting has them."""
        found: dict[str, Thing] = {}
        fix = f"fix it, or take it out of {self.setting}"
        package = importlib.import_module(self.own)
        for one in pkgutil.iter_modules(package.__path__):
            if one.ispkg == self.folders:
                module = importlib.import_module(f"{self.own}.{one.name}")
                self._take(found, one.name, module, fix)
        for name in filter(None, given.split(os.pathsep)):
            folder = Path(name)
            if not folder.is_dir():
                raise self.error(f"{folder} is no folder", fix)
            own = f"{self.setting.lower()}_{crc32(bytes(folder.absolute())):08x}"
            if own not in sys.modules:
                make_package(own, folder)
            for path, added in modules(folder, own, self.folders):
                self._take(found, path, added, fix)
        return self.checked(found)

    def _take(
        self, found: dict[str, Thing], place: object, module: ModuleType | Exception, fix: str
    ) -> None:
        if isinstance(module, Exception):
            why = f"{place} cannot be read ({type(module).__name__}: {module})"
            raise self.error(why, fix) from module
        thing = getattr(module, self.word, None)
        if not isinstance(thing, self.sort) or not thing.name:
            raise self.error(f"{place} holds no {self.word} with a name", fix)
        if thing.name in found:
            raise self.error(f"{place} tells {thing.name} once more", fix)
        found[thing.name] = thing


@cache
def _known(registry: Registry[Thing], given: str) -> Mapping[str, Thing]:
    return registry.all(given)


def make_package(name: str, folder: Path) -> None:
    """Makes a folder the package of that name; what was imported under the name is forgotten.

    A process whose own program is in that package keeps it as it is.
    """
    program = getattr(sys.modules["__main__"], "__spec__", None)
    if program is not None and program.name.startswith(f"{name}."):
        return
    for known in [known for known in sys.modules if f"{known}.".startswith(f"{name}.")]:
        del sys.modules[known]
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    importlib.invalidate_caches()


def modules(
    folder: Path, package: str, folders: bool = False
) -> Iterator[tuple[Path, ModuleType | Exception]]:
    """The files of a folder, or its folders with an `__init__.py`, as modules of a package; an
    error for each that cannot be imported. What begins with _ is left to the others to import."""
    pattern = "[!_.]*/__init__.py" if folders else "[!_.]*.py"
    for file in sorted(folder.glob(pattern)):
        path = file.parent if folders else file
        try:
            yield path, importlib.import_module(f"{package}.{path.stem}")
        except SystemExit:
            yield path, ImportError("it ends the program that imports it")
        except Exception as error:
            yield path, error
