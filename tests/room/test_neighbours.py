"""Two operators on one state folder see each other: rooms in two terminals, of which one is
killed, and acts of a third one on the command line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlroom.runs.rooms import folder_of
from tests.own_stack import OwnStack
from tests.terminal import Terminal
from tests.waiting import until

pytestmark = pytest.mark.processes

LAUNCH = """
import sys
from controlroom.cli import launch

launch._is_up = lambda settings: True
from controlroom.__main__ import main

sys.exit(main(["launch", "--no-sample-load"]))
"""
"""A room on a stack that does not answer, which it does not bring up."""


@pytest.fixture
def here(tmp_path: Path) -> OwnStack:
    """The command line of whoever has the first room."""
    stack = OwnStack(tmp_path / "state")
    for name in ("SUDO_USER", "SUDO_UID", "USER", "LOGNAME", "SSH_CLIENT", "SSH_CONNECTION"):
        stack.env.pop(name, None)
    stack.env["LANG"] = "C.UTF-8"
    return stack


def _room(stack: OwnStack, **says: str) -> Terminal:
    return Terminal((sys.executable, "-c", LAUNCH), {**stack.env, **says})


@pytest.fixture
def two(here: OwnStack) -> Iterator[tuple[Terminal, Terminal]]:
    """A room, and that of ana, who comes from elsewhere."""
    ana = {"SUDO_USER": "ana", "SSH_CLIENT": "192.0.2.7 51000 22"}
    with _room(here) as mine, _room(here, **ana) as hers:
        for room in (mine, hers):
            room.until("4 fleet", 60)
        yield mine, hers


async def test_who_is_there_where_they_look_and_that_they_are_gone(
    two: tuple[Terminal, Terminal], here: OwnStack
) -> None:
    mine, hers = two
    mine.until(r"\+1 ana\?", 60)
    hers.until(r"\+1 \w+ ", 60)
    hers.send("6")
    mine.send("u")
    mine.until("room . users")
    mine.until(rf"\(says ana\) +log +says from 192\.0\.2\.7 . pid {hers.pid} ", 30)
    hers.send("5")
    mine.until(r"\(says ana\) +time ", 30)
    files = folder_of(here.state)
    assert len(list(files.iterdir())) == 2
    os.kill(hers.pid, signal.SIGKILL)
    assert hers.ended() == -signal.SIGKILL
    mine.until("nobody else on this machine", 30)
    await until(lambda: len(list(files.iterdir())) == 1, "the file of the dead room is gone")
    mine.send("\x1b")
    mine.until("4 fleet")
    assert "ana" not in mine.text()
    mine.send("q")
    assert mine.ended() == 0
    assert list(files.iterdir()) == []


def test_what_others_do_is_said_and_what_oneself_does_is_not(
    two: tuple[Terminal, Terminal], here: OwnStack
) -> None:
    mine, hers = two
    mine.until(r"\+1 ana\?", 60)
    hers.until(r"\+1 \w+ ", 60)
    ben = OwnStack(here.state)
    ben.env = {**here.env, "SUDO_USER": "ben"}
    ben.run("chaos", "stop", "--all", check=False)
    for room in two:
        room.until(r"ben\?: chaos stop --all", 30)
    hers.send("!")
    hers.until("Type|typed|confirm", 30)
    hers.send("\x1b")
    # declined is not news; the acts of ana are with her room all the same
    mine.send("u")
    mine.until(r"ben\) +chaos stop --all", 30)
    mine.until(r"  chaos stop --all: declined", 30)
    assert "ana?: " not in mine.text()
