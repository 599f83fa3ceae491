"""The room in a real terminal: opened, used, lost, and opened again."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest

from tests.draining import drained
from tests.e2e.conftest import SshDoor
from tests.operating import active, choose
from tests.own_stack import OwnStack
from tests.terminal import Terminal
from tests.waiting import until

LOADING = r"▶ (load r-\d+|r-\d+\s+load)"
LAUNCH = (sys.executable, "-m", "controlroom", "launch", "--no-sample-load")


RECOVERED = 120.0
"""Seconds for a fault and all of its way back, beside a load on a busy machine."""


def counted(room: Terminal) -> int:
    """The figure behind `counted` in the books panel."""
    found = room.until(r"counted\s+([\d,\u2009 ]+?)\s{2,}")
    return int(re.sub(r"\D", "", found.group(1)))


async def test_an_operator_loads_breaks_and_sees_that_nothing_was_lost(quiet: OwnStack) -> None:
    before = quiet.books()["counted"]
    with Terminal(LAUNCH, quiet.env) as room:
        room.until(r"tallies")
        room.until(r"counted\s+\d")
        room.send("l")
        room.until(r"(?i)same as.*controlroom run")
        room.send("\r")
        room.until(LOADING)
        await until(lambda: counted(room) > before, "the tallies climb", 30)
        room.send("c")
        room.until(r"hits now\s+\d of", 30)
        choose(room, r"what\s+PodChaos pod-kill · consumer")
        room.until(r"hits now\s+1 of")
        room.send("\r")
        room.until(r"Inject")
        room.send("y")
        room.until(r"✓ r-\d+\s+chaos.*recovered", RECOVERED)
        room.until(r"lost\s+0\b")
        room.send("!")
        room.until(r"(?i)type.*stop")
        room.send("stop\r")
        await until(lambda: not active(quiet), "all runs have ended", 30)
        room.send("q")
        assert room.ended() == 0
    books = await drained(quiet)
    assert books["lost"] == books["doubled"] == 0


async def test_a_fault_is_changed_in_the_dialog_as_by_flags(quiet: OwnStack) -> None:
    with Terminal(LAUNCH, quiet.env, 80, 24) as room:
        room.until(r"stored\s+\d")
        room.send("c")
        room.until(r"hits now\s+1 of", 30)
        choose(room, r"what\s+StressChaos cpu\+memory")
        room.send("\t3s\tfixed\t1\treader")
        room.until(r"what\s+StressChaos cpu\+memory · reader · for 3s", 30)
        room.until(r"hits now\s+1 of 2\s+reader-", 30)
        room.until(r"(?s)--duration.*--mode.*fixed --value 1.*reader")
        room.send("\r")
        room.until(r"type reader to confirm", 30)
        room.send("reader\r")
        room.until(r"✓ (chaos )?r-\d+", RECOVERED)
        room.send("q")
        assert room.ended() == 0
    runs = quiet.run("run", "list", "--json").json()
    spec = next(one for one in runs if one["kind"] == "chaos")
    assert spec["chaos"]["kind"] == "StressChaos"
    assert all(name.startswith("reader-") for name in spec["chaos"]["targets"])


async def test_a_run_survives_the_terminal_and_a_new_room_shows_it(quiet: OwnStack) -> None:
    with Terminal(LAUNCH, quiet.env) as room:
        room.until(r"counted\s+\d")
        quiet.run("run", "--rate", "50", "--timeout", "2m", "--detach")
        room.until(LOADING)
        room.hang_up()
        assert room.ended() == 128 + signal.SIGHUP
    assert active(quiet)
    with Terminal(LAUNCH, quiet.env, 80, 24) as again:
        again.until(LOADING)
        again.send("q")
        assert again.ended() == 0
    assert active(quiet)
    quiet.run("run", "stop", "--all")


async def test_sigterm_restores_the_terminal(quiet: OwnStack) -> None:
    with Terminal(LAUNCH, quiet.env) as room:
        room.until(r"counted\s+\d")
        os.kill(room.pid, signal.SIGTERM)
        assert room.ended() == 128 + signal.SIGTERM
        assert b"\x1b[?1049l" in b"".join(data for _, data in room.chunks)


@pytest.mark.skipif(os.geteuid() != 0, reason="an sshd gives terminals only as root")
async def test_the_room_works_through_ssh(quiet: OwnStack, ssh_door: SshDoor) -> None:
    keep = {k: v for k, v in quiet.env.items() if k.startswith("CONTROLROOM_")}
    words = ["env", *(f"{k}={v}" for k, v in keep.items()), *LAUNCH]
    remote = f"cd {shlex.quote(str(Path.cwd()))} && exec {shlex.join(words)}"
    with Terminal((*ssh_door.argv, remote), quiet.env) as room:
        room.until(r"ssh")
        room.until(r"counted\s+\d")
        room.send("?")
        room.until(r"─ help ─")
        room.send("\x1b")
        room.until_gone(r"─ help ─")
        room.send("q")
        assert room.ended() == 0


async def test_without_a_terminal_launch_prints_the_status_and_how_to_open_the_room(
    quiet: OwnStack,
) -> None:
    result = quiet.run("launch")
    assert "consumer" in result.out
    assert "controlroom launch" in result.err + result.out
    assert json.loads(quiet.run("status", "--json").out)["stack"]["state"] == "ready"
