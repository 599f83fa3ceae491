"""The room watches while the programs of its cluster are killed under it."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable

import pytest

from controlroom.targets.kubernetes import pods as of_pod
from tests.clusters.environment import Deployed
from tests.terminal import Terminal
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(900)]

EVENTS = 200
SIZE = (160, 50)
SLOW = 180.0
"""Seconds for what takes a few where the machine has nothing else to do."""
FLEET = r"consumer +\d/\d"
AWAY = r"cannot be reached|is busy or away"
LAUNCH = (sys.executable, "-m", "controlroom", "launch", "--read-only", "--context", "lab-a")


async def test_the_room_says_that_the_server_is_away_and_goes_on_by_itself(
    deployed: Callable[[str, str], Deployed],
) -> None:
    one = deployed("lab-a", "lab-one")
    before = restarts(one)
    with Terminal(LAUNCH, one.lab.env, *SIZE) as room:
        await seen(room, FLEET, SLOW)
        await seen(room, r"counted +\d", SLOW)
        already = counted(room)
        restart = one.lab.start("lab", "restart", "apiserver", "--cluster", "a", "--kill")
        await seen(room, AWAY, SLOW)
        assert await asyncio.to_thread(restart.wait, SLOW) == 0
        await asyncio.to_thread(room.until_gone, AWAY, SLOW)
        await seen(room, FLEET, SLOW)
        await asyncio.to_thread(one.run, "run", "-n", str(EVENTS), timeout=120)
        await until(lambda: counted(room) == already + EVENTS, "the room counts on", timeout=SLOW)
        room.send("q")
        assert await asyncio.to_thread(room.ended, SLOW) == 0
    assert same_as(before, restarts(one))


async def test_a_kubelet_that_is_killed_costs_no_pod_and_no_event(
    deployed: Callable[[str, str], Deployed],
) -> None:
    one = deployed("lab-a", "lab-one")
    before = restarts(one)
    already = (await one.drained())["counted"]
    with Terminal(LAUNCH, one.lab.env, *SIZE) as room:
        await until(lambda: counted(room) == already, "the books are shown", timeout=SLOW)
        run = one.run("run", "--rate", "50", "--timeout", "3m", "--detach").out.strip()
        await until(lambda: counted(room) > already, "the load is counted", timeout=SLOW)
        words = ("restart", "kubelet", "--cluster", "a", "--kill")
        await asyncio.to_thread(one.lab.lab, *words, timeout=120)
        shown = counted(room)
        await until(lambda: counted(room) > shown, "the room counts on", timeout=SLOW)
        await asyncio.to_thread(one.lab.run, "run", "stop", run, timeout=120)
        room.send("q")
        assert await asyncio.to_thread(room.ended, SLOW) == 0
    result = one.lab.run("run", "show", run, "--json").json()["result"]
    assert result["failed"] == 0, result
    assert same_as(before, restarts(one))
    books = await one.drained()
    assert (books["lost"], books["doubled"]) == (0, 0), str(books)
    assert books["counted"] == already + result["sent"]


def restarts(one: Deployed) -> dict[str, int]:
    """Of each pod of the pipeline."""
    spaces = ("controlroom", "controlroom-data", "controlroom-ingress")
    pods = [pod for space in spaces for pod in one.get("-n", space, "pods")["items"]]
    return {pod["metadata"]["name"]: of_pod.restarts(pod) for pod in pods}


def same_as(before: dict[str, int], after: dict[str, int]) -> bool:
    """For the pods that an autoscaler has neither made nor removed meanwhile."""
    both = before.keys() & after.keys()
    return bool(both) and all(before[name] == after[name] for name in both)


def counted(room: Terminal) -> int:
    """The figure behind `counted` in the books panel; 0 where there is none."""
    found = re.search(r"counted\s+(\d[\d,\u2009 ]*?)\s{2,}", room.text())
    return int(re.sub(r"\D", "", found.group(1))) if found else 0


async def seen(room: Terminal, pattern: str, timeout: float) -> None:
    """Waits in a thread, since the test's own loop has other things to do."""
    await asyncio.to_thread(room.until, pattern, timeout)
