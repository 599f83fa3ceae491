"""A torture that is broken off leaves no stack behind."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from controlroom.torture.leftovers import remove_leftovers
from tests.own_stack import OwnStack
from tests.waiting import until

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400)]

LONG = ("torture", "--faults", "500", "--phases", "none")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[OwnStack]:
    """Commands whose temporary folders are their own; their names are short, as sockets have it."""
    with tempfile.TemporaryDirectory() as folder:
        own = OwnStack(tmp_path / "state")
        own.env["TMPDIR"] = folder
        yield own


@pytest.fixture
def torture(shell: OwnStack) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A torture that goes on for long, and the folder of its stack, which is up."""
    # whoever runs the tests may ignore SIGHUP, as nohup does, and children would too
    process = shell.start(*LONG, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
    assert process.stderr is not None
    said = [process.stderr.readline()]
    while " is up" not in said[-1]:
        assert said[-1], said
        said.append(process.stderr.readline())
    state = Path(next(word for word in said[-1].split() if "controlroom-torture-" in word))
    yield process, state
    process.kill()
    process.wait()
    if state.exists():
        OwnStack(state).run("down", check=False)


def serving(state: Path) -> list[psutil.Process]:
    """Processes that were started for the stack in that folder."""
    every = psutil.process_iter(["cmdline"])
    return [one for one in every if str(state) in " ".join(one.info["cmdline"] or ())]


async def test_a_lost_terminal_ends_the_stack_too(
    torture: tuple[subprocess.Popen[str], Path],
) -> None:
    process, state = torture
    assert serving(state)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=120)
    assert process.returncode == 129
    assert not state.exists()
    await until(lambda: not serving(state), "nothing of it runs")


async def test_the_next_torture_removes_what_a_killed_one_left(
    torture: tuple[subprocess.Popen[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, state = torture
    monkeypatch.setattr(tempfile, "tempdir", str(state.parent))
    said: list[str] = []
    await remove_leftovers(said.append)
    assert said == [], "the stack of one that goes on is left alone"
    process.kill()
    process.wait()
    assert serving(state)
    await remove_leftovers(said.append)
    assert said == [f"removed the stack of a torture that was killed: {state}"]
    assert not state.exists()
    await until(lambda: not serving(state), "nothing of it runs")
