"""Scenarios by name or path, with errors that say where and how to fix it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from scenarios.building import NAME, build
from scenarios.checking import check
from scenarios.errors import ScenarioError
from scenarios.reading import ScenarioText, Table, near
from scenarios.scenario import Scenario
from scenarios.tallies import registry as tallies
from scenarios.views import registry as views

__all__ = ["ADDED", "ScenarioError", "file_of", "load", "names"]

ADDED = (tallies.FOLDERS, views.FOLDERS)
"""Variables that name folders of more kinds; every process that loads a scenario needs them."""
_HOME = Path(__file__).parent
_LARGEST = 1 << 20


def names() -> tuple[str, ...]:
    """The scenarios that come with the project."""
    return tuple(sorted(path.stem for path in _HOME.glob("*.toml")))


def file_of(name_or_path: str | Path) -> Path:
    """The file of a scenario, which need not exist where a path was given.

    Raises ScenarioError for a name that is not known.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or text.endswith(".toml"):
        return Path(name_or_path).expanduser()
    if NAME.fullmatch(text) and (_HOME / f"{text}.toml").is_file():
        return _HOME / f"{text}.toml"
    raise ScenarioError(
        f"no scenario is called {text!r}{near(text, names())}",
        f"use one of {', '.join(names())}, or the path of a .toml file",
    )


def load(name_or_path: str | Path) -> Scenario:
    """The scenario of that name, or of that file; ScenarioError where it cannot be used."""
    path = file_of(name_or_path)
    text = _read(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path.name}: not TOML: {error}", "fix the file there") from error
    root = Table(ScenarioText(path.name, text), data)
    scenario = build(root)
    check(scenario, root)
    return scenario


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise ScenarioError(f"{path} is over 1 MiB", "give the path of a scenario file")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(
            f"cannot read {path}: {error.strerror}", "give the path of a readable .toml file"
        ) from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
