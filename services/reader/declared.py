"""The routes that a scenario declares: files of a folder `reader`, its own or the project's."""

from __future__ import annotations

import importlib

from scenarios.errors import ScenarioError
from scenarios.loading import readers
from scenarios.reading import near
from services.reader.endpoint import Endpoint
from services.reader.repository import Repository


def endpoints_of(repository: Repository) -> list[Endpoint]:
    """The routes of all files that the scenario names. Raises ScenarioError where one is not there,
    cannot be read, or does not fit."""
    scenario = repository.scenario
    known = readers(scenario)
    found: list[Endpoint] = []
    for name in scenario.readers:
        if name not in known:
            raise ScenarioError(
                f"[[reader]] no preset is called {name!r}{near(name, list(known))}",
                f"use one of {', '.join(known)}, or add reader/{name}.py",
            )
        found += _endpoints(known[name], repository)
    return found


def _endpoints(module: str, repository: Repository) -> list[Endpoint]:
    place = "/".join(module.split(".")[-2:]) + ".py"
    try:
        found = importlib.import_module(module).endpoints(repository)
        if not all(isinstance(each, Endpoint) for each in found):
            raise TypeError("endpoints answers what is no Endpoint")
    except ScenarioError:
        raise
    except Exception as error:
        why = f"{place} cannot be used ({type(error).__name__}: {error})"
        raise ScenarioError(why, "fix it: it needs endpoints(repository), a list") from error
    return list(found)
