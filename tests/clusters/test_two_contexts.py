"""covid on two clusters at once, and an operator at the room of both in a real terminal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import httpx
import psutil
import pytest

from tests.clusters.environment import Deployed
from tests.clusters.test_covid import DOORS, PERSON
from tests.operating import active, choose
from tests.own_lab import OwnLab
from tests.terminal import Terminal
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(1200)]

CONTEXTS = ("--context", "lab-a", "--context", "lab-b")
LAUNCH = (sys.executable, "-m", "controlroom", "launch", "--no-sample-load", *CONTEXTS)
SLOW = 90.0
"""Seconds for what takes a program's start on a busy machine."""


async def test_an_operator_looks_at_both_loads_one_and_breaks_it(
    deployed: Callable[..., Deployed],
) -> None:
    near, far = (
        deployed(context, "lab-one", "--scenario", "covid") for context in ("lab-a", "lab-b")
    )
    for one in (near, far):
        await stores_by_each_door(one)
    before = (await far.drained())["counted"]
    with Terminal(LAUNCH, near.lab.env, 160, 50) as room:
        await asyncio.to_thread(look_at_both, room)
        await asyncio.to_thread(load_and_break, room)
        room.send("!")
        await asyncio.to_thread(room.until, r"(?i)type.*stop", SLOW)
        room.send("stop\r")
        await until(lambda: not active(near.lab), "all runs have ended", SLOW, every=0.5)
        room.send("q")
        assert await asyncio.to_thread(room.ended, SLOW) == 0
    assert left(near.lab) == []
    faults = near.run("chaos", "status", "--json").json()
    assert [fault for fault in faults if fault["phase"] != "finished"] == []

    books = await near.drained()
    assert (books["lost"], books["doubled"]) == (0, 0), str(books)
    assert far.books()["counted"] == before, "the other cluster was left alone"


async def stores_by_each_door(one: Deployed) -> None:
    """One person by each of covid's doors, at the ingress of this cluster."""
    async with httpx.AsyncClient(
        base_url=one.endpoints()["ingress"], timeout=30, trust_env=False
    ) as ingress:
        answers = {door: await ingress.post(door, json={**PERSON, "age": 30}) for door in DOORS}
    assert {door: answer.status_code for door, answer in answers.items()} == dict.fromkeys(
        DOORS, 201
    ), [answer.text for answer in answers.values()]


def look_at_both(room: Terminal) -> None:
    """The one, the other, and both side by side."""
    for context in ("lab-a", "lab-b", "lab-a"):
        room.until(rf"covid · {context}", SLOW)
        room.until(r"consumer +2/2", SLOW)
        room.until(r"stored\s+\d", SLOW)
        room.send("x")
    room.until(r"covid · lab-b", SLOW)
    room.send("v")
    room.until(r"side by side +lab-a +lab-b +difference", SLOW)
    room.until(r"consumer ready +2 +2", SLOW)
    room.send("\x1b")
    room.until_gone("side by side +lab-a", SLOW)
    room.send("x")
    room.until(r"covid · lab-a", SLOW)


def load_and_break(room: Terminal) -> None:
    """A load by its key, and a kill of a consumer with preview and confirmation."""
    already = stored(room)
    room.send("l")
    room.until(r"(?i)same as.*controlroom run", SLOW)
    room.send("\r")
    room.until(r"▶ (load r-\d+|r-\d+\s+load)", SLOW)
    more = rf"stored\s+(?!{already}\s)\d"
    room.until(more, SLOW)
    room.send("c")
    room.until(r"hits now\s+\d of", SLOW)
    choose(room, r"what\s+PodChaos pod-kill · consumer  ")
    room.until(r"hits now\s+1 of 2", SLOW)
    room.send("\r")
    room.until(r"Inject", SLOW)
    room.send("y")
    room.until(r"✓ r-\d+\s+chaos.*recovered", SLOW)
    room.until(r"lost\s+0\b", SLOW)


def stored(room: Terminal) -> str:
    """The figure behind `stored`, as it is written: that of Kafka, by which the load goes."""
    return room.until(r"stored\s+(\d[\d,\u2009 ]*?)\s{2,}", SLOW).group(1)


def left(lab: OwnLab) -> list[str]:
    """Processes of the room or its runs."""
    words = [
        " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])
    ]
    return [line for line in words if "controlroom" in line and str(lab.state / "runs") in line]
