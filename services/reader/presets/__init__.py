"""Routes of existing implementations, each set a preset that a scenario names."""

from __future__ import annotations

from collections.abc import Callable

from scenarios.errors import ScenarioError
from scenarios.reading import near
from scenarios.views.kinds.bars import BarsView
from services.reader.endpoint import Endpoint
from services.reader.presets import g5, g6, g13
from services.reader.shelf import Shelf

PRESETS: dict[str, Callable[[Shelf], list[Endpoint]]] = {
    "so1-g5": g5.endpoints,
    "so1-g6": g6.endpoints,
    "so1-g13": g13.endpoints,
}


def endpoints_of(shelf: Shelf) -> list[Endpoint]:
    """The routes of all presets of a scenario. Raises ScenarioError where one does not fit."""
    found: list[Endpoint] = []
    for name in shelf.scenario.readers:
        make = PRESETS.get(name)
        if make is None:
            raise ScenarioError(
                f"[[reader]] no preset is called {name!r}{near(name, list(PRESETS))}",
                f"use one of {', '.join(PRESETS)}",
            )
        if not isinstance(shelf.scenario.view, BarsView):
            raise ScenarioError(
                f"[[reader]] the preset {name} needs a view of bars", 'use kind = "bars"'
            )
        found += make(shelf)
    return found
