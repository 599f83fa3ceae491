"""A covid of these tests' own, by the queue `direct`: what is acknowledged can be asked for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Engines
from tests.producers.running import MakeScenario, producers
from tests.queues.pipeline import PATIENCE, Pipeline

BRIEF: dict[str, Any] = {
    "name": "Pablo Mendoza",
    "location": "Guatemala City",
    "age": 35,
    "infectedtype": "communitary",
    "state": "active",
}
ASSIGNMENT: dict[str, Any] = {
    "name": "Ana López",
    "location": "Peru",
    "gender": "female",
    "age": 29,
    "vaccine_type": "Sputnik V",
}
UNKNOWN = dict.fromkeys(("gender", "infectedtype", "state", "vaccine_type"), "unknown")


@pytest.fixture
async def covid(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> AsyncIterator[Pipeline]:
    """The scenario, without a service yet."""
    made = make_scenario("covid")
    text, lines = re.subn(
        r"^queues = .*$", 'queue = "direct"', made.read_text(), flags=re.MULTILINE
    )
    assert lines == 1
    made.write_text(text)
    async with producers(engines, made, tmp_path) as running:
        pipeline = Pipeline(running)
        try:
            yield pipeline
        finally:
            running.end()
            await pipeline.close()


@pytest.fixture
async def api(covid: Pipeline) -> AsyncIterator[httpx.AsyncClient]:
    """A client of its API of subscribers."""
    service = await covid.begin("scenarios.covid.services.subscribers")
    async with httpx.AsyncClient(base_url=service.url(""), timeout=PATIENCE) as client:
        yield client
