"""Fixtures shared by all tests."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Engines:
    """Addresses of the real engines that the tests use."""

    kafka: str
    redis: str
    mongo: str
    prometheus: str
    toxiproxy: str


@pytest.fixture(scope="session")
def engines() -> Engines:
    """The engines of the tests' own stack."""
    given = os.environ["CONTROLROOM_TEST_ENGINES"]
    return Engines(**json.loads(Path(given).read_text()))


@pytest.fixture
def make_scenario(tmp_path: Path) -> Callable[[str], Path]:
    """Copies a scenario under a name of its own, so that tests do not share topics or keys."""

    def make(source: str) -> Path:
        name = f"{source}-{uuid.uuid4().hex[:8]}"
        text = (ROOT / "scenarios" / f"{source}.toml").read_text()
        path = tmp_path / f"{name}.toml"
        path.write_text(text.replace(f'name = "{source}"', f'name = "{name}"', 1))
        return path

    return make
