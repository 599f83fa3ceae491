"""What is shipped about the services is what the services are."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest

from scenarios.loading import load, names
from tests.conftest import ROOT
from tests.producers.test_http import GOOD
from wire.problems import PROBLEMS


def generator() -> ModuleType:
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FILES: dict[Path, str] = generator().files()


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda path: path.name)
def test_a_shipped_document_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == FILES[path], "run python docs/generate.py"


def test_nothing_is_shipped_that_nobody_makes() -> None:
    assert {*(ROOT / "docs/openapi").iterdir()} <= set(FILES)


def test_codes_are_unique_and_their_statuses_fit() -> None:
    assert len({problem.code for problem in PROBLEMS}) == len(PROBLEMS)
    assert all(400 <= problem.status < 600 for problem in PROBLEMS)
    assert all(problem.retry == (problem.status in (408, 502, 503, 504)) for problem in PROBLEMS)


@pytest.mark.parametrize("name", names())
def test_the_schema_takes_good_events_and_names_every_route(name: str) -> None:
    scenario = load(name)
    document = json.loads(FILES[ROOT / f"docs/openapi/{name}-producer-http.json"])
    routes = {*scenario.http.paths, *scenario.http.replies}
    assert set(document["paths"]) == routes
    schema = document | {"$ref": "#/components/schemas/Event"}
    jsonschema.validate(GOOD[name], schema)
    jsonschema.validate({key: str(value) for key, value in GOOD[name].items()}, schema)
    for field in scenario.fields:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(GOOD[name] | {field.name: []}, schema)
