"""Fixtures shared by all tests: one stack of real engines, in a state folder of its own."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scenarios.loading import file_of
from tests import needs, turns
from tests.own_lab import OwnLab
from tests.own_stack import RUST, OwnStack
from tests.stores import documents_of

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
def python_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    """The whole local stack, brought up by the command line, with `bands`, on the Python store."""
    own = OwnStack(tmp_path_factory.mktemp("stack") / "state")
    try:
        own.run("up", "--scenario", "bands", timeout=900)
        yield own
    finally:
        own.run("down", timeout=60, check=False)


@pytest.fixture(scope="session")
def stack(python_stack: OwnStack) -> OwnStack:
    """The same. A module that takes the stack with both stores gives this name anew, and would
    make the stack anew too, were it made under it."""
    return python_stack


@pytest.fixture(scope="session")
def rust_documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Rust document store of the tests' own, beside the stack."""
    with documents_of(RUST, tmp_path_factory.mktemp("rust")) as url:
        yield url


CLUSTER_PATIENCE = 900
"""Seconds for a test on clusters, with what it takes to bring them up on a busy machine."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks say what a test needs; those on clusters may take longer than others."""
    needs.mark(items)
    turns.share_out(items)
    for item in items:
        if item.get_closest_marker("clusters"):
            item.add_marker(pytest.mark.timeout(CLUSTER_PATIENCE))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Takes down what is left of stacks: an interrupt ends the processes that share the tests out
    before they can."""
    if hasattr(session.config, "workerinput"):
        return
    folder = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    for file in folder.glob("popen-gw*/*/state/stack.pid"):
        OwnStack(file.parent).run("down", timeout=60, check=False)


pytest_runtest_setup = pytest_runtest_call = pytest.hookimpl(wrapper=True)(needs.held_to)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLab]:
    """Two clusters, joined; only for tests that are marked `clusters`.

    Labs need root, and the first one on a machine builds Kubernetes: `make test-clusters` has
    both in order. `CONTROLROOM_TEST_LAB` names the state folder of one that a developer keeps.
    """
    kept = os.environ.get("CONTROLROOM_TEST_LAB")
    if kept:
        yield OwnLab(Path(kept))
        return
    own = OwnLab(tmp_path_factory.mktemp("lab") / "state")
    own.lab("up", "--clusters", "2", timeout=CLUSTER_PATIENCE)
    yield own
    own.lab("down", check=False)


GIVEN = os.environ.get("CONTROLROOM_TEST_ENGINES")
"""Names a JSON file with the addresses of engines that a developer keeps running."""


def _given() -> Engines:
    """Those that a developer keeps running."""
    return Engines(**json.loads(Path(GIVEN or "").read_text()))


def _own(python_stack: OwnStack) -> Engines:
    """Those of the tests' own stack."""
    doors = python_stack.endpoints()
    doors.pop("ingress")
    proxy = next(e for e in python_stack.status()["engines"] if e["name"] == "toxiproxy")
    return Engines(**doors, toxiproxy=proxy["address"])


_fixture = pytest.fixture(scope="session", name="engines")
if GIVEN:
    engines_given = _fixture(_given)
else:
    engines_of_stack = _fixture(_own)


@pytest.fixture
def make_scenario(tmp_path: Path) -> Callable[[str], Path]:
    """Copies a scenario under a name of its own, so that tests do not share topics or keys."""

    def make(source: str) -> Path:
        name = f"{source}-{uuid.uuid4().hex[:8]}"
        text = file_of(source).read_text()
        path = tmp_path / f"{name}.toml"
        path.write_text(text.replace(f'name = "{source}"', f'name = "{name}"', 1))
        return path

    return make
