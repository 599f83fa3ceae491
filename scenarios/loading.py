"""Scenarios by name or path, with errors that say where and how to fix it.

A scenario is a folder with the file `scenario.toml`. A user's own may be that file alone, by
any name that ends in `.toml`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from scenarios.added import make_package
from scenarios.building import NAME, build
from scenarios.checking import check
from scenarios.errors import ScenarioError
from scenarios.reading import ScenarioText, Table, near
from scenarios.scenario import Scenario
from scenarios.tallies import registry as tallies
from scenarios.views import registry as views

__all__ = ["ADDED", "FILE", "ScenarioError", "file_of", "is_path", "load", "names", "whole"]

ADDED = (tallies.FOLDERS, views.FOLDERS)
"""Variables that name folders of more kinds; every process that loads a scenario needs them."""
FILE = "scenario.toml"
_HOME = Path(__file__).resolve().parent
_LARGEST = 1 << 20


def names() -> tuple[str, ...]:
    """The scenarios that come with the project."""
    return tuple(sorted(path.parent.name for path in _HOME.glob(f"*/{FILE}")))


def is_path(name_or_path: str) -> bool:
    """Whether it is a folder or a file; else it is the name of one that comes with the project."""
    return "/" in name_or_path or name_or_path.endswith(".toml")


def whole(name_or_path: str) -> str:
    """The same for a process that works in another folder."""
    return (
        str(Path(name_or_path).expanduser().absolute()) if is_path(name_or_path) else name_or_path
    )


def place_of(name_or_path: str | Path) -> Path:
    """The folder of a scenario, or its file where it is alone; it need not exist where a path was
    given.

    Raises ScenarioError for a name that is not known.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or is_path(text):
        return Path(name_or_path).expanduser()
    if NAME.fullmatch(text) and (_HOME / text / FILE).is_file():
        return _HOME / text
    fix = f"use one of {', '.join(names())}, or the path of a folder or a .toml file"
    if Path(text).is_dir():
        fix = f"write ./{text} for the folder"
    raise ScenarioError(f"no scenario is called {text!r}{near(text, names())}", fix)


def readers(scenario: Scenario) -> dict[str, str]:
    """Name -> module of every set of routes of the reader: those of the project, and its own."""
    found = [(file, f"scenarios.{file.parent.parent.name}") for file in _HOME.glob("*/reader/*.py")]
    if scenario.folder is not None:
        own = (scenario.folder / "reader").glob("*.py")
        found += [(file, f"scenarios.{scenario.name}") for file in own]
    return {
        file.stem.replace("_", "-"): f"{package}.reader.{file.stem}"
        for file, package in found
        if file.stem[0] != "_"
    }


def file_of(name_or_path: str | Path) -> Path:
    """The file that declares a scenario. Raises ScenarioError for a name that is not known."""
    place = place_of(name_or_path)
    return place / FILE if place.is_dir() else place


def load(name_or_path: str | Path) -> Scenario:
    """The scenario of that name, or of that file; ScenarioError where it cannot be used."""
    place = place_of(name_or_path)
    path = file_of(place)
    name = f"{path.parent.name}/{FILE}" if path.name == FILE else path.name
    text = _read(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{name}: not TOML: {error}", "fix the file there") from error
    root = Table(ScenarioText(name, text), data)
    folder = place.resolve() if place.is_dir() else None
    if folder is not None and folder.parent != _HOME:
        _make_package(root, folder)
    scenario = build(root, folder)
    check(scenario, root)
    return scenario


def _make_package(root: Table, folder: Path) -> None:
    """The folder of a user becomes a package beside the project's own scenarios and modules."""
    name = root.text("name")
    if name in {path.stem for path in _HOME.iterdir()}:
        root.fail("name", f"{name!r} is taken by the project itself", "give it another name")
    if NAME.fullmatch(name):
        make_package(f"{__package__}.{name}", folder)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise ScenarioError(f"{path} is over 1 MiB", "give the path of a scenario file")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(
            f"cannot read {path}: {error.strerror}",
            f"give the path of a readable .toml file, or of a folder with a {FILE}",
        ) from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
