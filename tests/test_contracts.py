"""Contracts of the layers name every package that they are about, also one that is new."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from host.project import PROJECT

DRAWN = {"__main__", "app", "cli", "opening", "panes", "screens"}
"""What draws the room, and what starts that."""
LOADS = {"__main__", "runs"}
"""Where the load process is, and what starts any."""


def contract(words: str) -> dict[str, Any]:
    """The one whose name has these words."""
    tool = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]
    (found,) = (one for one in tool["importlinter"]["contracts"] if words in one["name"])
    return dict(found)


def children(package: str) -> set[str]:
    """Names of the modules and packages in it."""
    found = (PROJECT / package).iterdir()
    names = (one.stem for one in found if one.suffix == ".py" or (one / "__init__.py").exists())
    return set(names) - {"__init__"}


@pytest.mark.parametrize(("words", "out"), [("Textual is", DRAWN), ("Locust patches", LOADS)])
def test_every_other_package_is_held_off(words: str, out: set[str]) -> None:
    named = set(contract(words)["source_modules"])
    assert {f"controlroom.{one}" for one in children("controlroom") - out} <= named
    tool = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]
    assert set(tool["importlinter"]["root_packages"]) - {"controlroom"} <= named


@pytest.mark.parametrize(
    ("words", "field", "out"),
    [
        ("services know each other", "modules", {"bridge"}),
        ("knows no other service", "forbidden_modules", {"bridge", "consumer"}),
        ("no other service knows", "source_modules", {"bridge"}),
        ("meet a queue at its port", "source_modules", {"bridge"}),
        ("a queue knows no service", "forbidden_modules", set()),
    ],
)
def test_every_service_is_in_the_contracts_of_services(
    words: str, field: str, out: set[str]
) -> None:
    services = children("services") - {"pb", "shared", "queues"} - out
    assert {f"services.{one}" for one in services} <= set(contract(words)[field])
