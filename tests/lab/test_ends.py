"""However a lab ends, nothing of it is left on the machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.own_lab import OwnLab, left_of
from tests.waiting import until

pytestmark = pytest.mark.clusters


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnLab]:
    made = OwnLab(tmp_path / "state")
    yield made
    made.lab("down", check=False)


def _daemon(status: Any) -> psutil.Process:
    return psutil.Process(status["pid"])


def test_down_leaves_nothing(own: OwnLab) -> None:
    own.lab("up", "--clusters", "2")
    status = own.lab_status()
    assert left_of(status, own.state)
    own.lab("down")
    assert left_of(status, own.state) == []
    assert own.lab("status", check=False).code == 3


async def test_nothing_is_left_when_its_owner_is_killed(own: OwnLab) -> None:
    """Also a second lab beside that of the other tests, with networks of its own."""
    owner = own.start("lab", "up", "--clusters", "1", "--foreground")
    assert owner.stderr is not None
    said = ""
    while "ends with this command" not in said:
        said = owner.stderr.readline()
        assert said, "the command ended before the lab was up"
    status = own.lab_status()
    owner.kill()
    owner.wait()
    await until(lambda: not left_of(status, own.state), "nothing is left", timeout=30)


async def test_nothing_is_left_when_its_daemon_is_killed(own: OwnLab) -> None:
    own.lab("up", "--clusters", "1")
    status = own.lab_status()
    os.kill(status["pid"], signal.SIGKILL)
    await until(lambda: not left_of(status, own.state), "nothing is left", timeout=30)


async def test_down_sweeps_after_daemon_and_sweeper_were_killed(own: OwnLab) -> None:
    own.lab("up", "--clusters", "1")
    status = own.lab_status()
    daemon = _daemon(status)
    sweepers = [child for child in daemon.children() if "lab.sweeper" in child.cmdline()]
    assert len(sweepers) == 1
    for process in (*sweepers, daemon):
        process.kill()
    init = status["clusters"][0]["init"]
    await until(lambda: not psutil.pid_exists(init), "the cluster has died with its daemon")
    assert left_of(status, own.state)
    own.lab("down")
    assert left_of(status, own.state) == []
