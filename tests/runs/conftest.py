"""Fixtures of the runs: a store in a folder of its own, a real server, files of records."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from controlroom.model.run import RunView
from controlroom.runs.folder import RunFolder
from controlroom.runs.store import RunStore
from tests.runs.server import Server, running
from tests.waiting import until

VOTE = {"name": "Caifanes", "album": "El Silencio", "year": 1992, "rank": 5}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    """A store whose runs are all over when the test is."""
    store = RunStore(tmp_path / "state" / "runs")
    yield store
    for folder in store.folders():
        proof = folder.read_runner()
        if proof is not None and proof.alive and proof.pid != os.getpid():
            os.kill(proof.pid, signal.SIGKILL)


@pytest.fixture
def server() -> Iterator[Server]:
    """A real HTTP server."""
    with running() as one:
        yield one


@pytest.fixture
def votes(tmp_path: Path) -> Callable[[int], Path]:
    """Makes a file of n different votes, an array."""

    def make(count: int) -> Path:
        path = tmp_path / "votes.json"
        path.write_text(json.dumps([{**VOTE, "album": f"Album {n}"} for n in range(count)]))
        return path

    return make


async def ended(folder: RunFolder, timeout: float = 30) -> RunView:
    """The view of the run once it is over."""
    return await until(
        lambda: view if (view := folder.read_view()) and not view.active else None,
        f"{folder.id} ends",
        timeout,
    )


def result_of(folder: RunFolder) -> dict[str, Any]:
    """What came out."""
    result = folder.read_result()
    assert result is not None, folder.log.read_text()
    return result


def children_of(folder: RunFolder) -> list[psutil.Process]:
    """The load process of a run."""
    proof = folder.read_runner()
    assert proof is not None
    return psutil.Process(proof.pid).children()
