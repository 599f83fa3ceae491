"""worldcup over two clusters: in at the one, stored in the other, over a link that is cut."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from controlroom.targets.kubernetes import pods as of_pod
from scenarios.loading import load
from tests.clusters.environment import Deployed
from tests.clusters.sending import BATCH, CLIENTS, Sending
from tests.draining import drained
from tests.terminal import Terminal
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(900)]

EVENTS = 6_000
PORTION = EVENTS // 3
BEGUN = CLIENTS * BATCH
"""Events that may be begun beyond what is allowed, by clients that look at the same time."""
CUT = 20.0
"""Seconds without a link; shorter than what Kafka keeps, longer than every deadline of a call."""
BOTH = ("--context", "lab-a", "--context", "lab-b")
SLOW = 120.0
CLIENT_ADMIN = 9091
OPEN = re.compile(r'^controlroom_bridge_breaker\{.*="open"\} 1\.0$', re.M)

Clusters = tuple[Deployed, Deployed]


@pytest.fixture
def both(deployed: Callable[..., Deployed]) -> Clusters:
    """The local and the remote side. The stores go first: the bridge waits for them."""
    remote = deployed("lab-b", "lab-b")
    return deployed("lab-a", "lab-a", "--peer", "lab-b"), remote


async def test_a_cut_link_and_killed_ends_of_the_bridge_lose_and_double_nothing(
    both: Clusters,
) -> None:
    local, remote = both
    before, door = (
        await drained(local.lab, *BOTH, patience=240, every=1),
        remote.endpoints()["ingress"],
    )
    stored = await total(door)
    sending = Sending(local.endpoints()["ingress"], load("worldcup"), EVENTS, PORTION)
    sent = asyncio.create_task(sending.run())
    await acknowledged(sending, sent, PORTION)

    await asyncio.to_thread(local.lab.cut)
    began = time.monotonic()
    try:
        sending.allowed += PORTION
        await seen(local, True, "the breaker opens")
        await acknowledged(sending, sent, 2 * PORTION)
        # all that was begun after the cut is in Kafka and nowhere else
        assert await total(door) - stored <= PORTION + BEGUN
        await asyncio.sleep(max(0.0, CUT - (time.monotonic() - began)))
    finally:
        await asyncio.to_thread(local.lab.mend)
    await seen(local, False, "the breaker closes")

    async def arrived() -> bool:
        return await total(door) - stored >= 2 * PORTION

    await until(arrived, "what waited arrives", SLOW, every=0.5)

    sending.allowed += PORTION
    for one, kind in ((local, "bridge"), (remote, "bridge-server")):
        await replaced(one, kind)
    await sent
    books = await drained(local.lab, *BOTH, patience=240, every=1)
    new = {name: books[name] - before[name] for name in before if name != "scenario"}
    assert (books["lost"], books["doubled"]) == (0, 0), (books, sending.answers)
    assert (new["counted"], new["stored"]) == (EVENTS, EVENTS), (new, sending.answers)
    assert new["acknowledged"] >= EVENTS
    assert new["rejected"] == sending.rejected > 0
    assert new["kafka"] == EVENTS + books.get("repeated", 0) - before.get("repeated", 0)
    assert await total(door) - stored == EVENTS


async def test_a_half_says_what_it_is_and_the_room_has_the_books_of_both(
    both: Clusters,
) -> None:
    local, remote = both
    alone = local.run("books", check=False)
    assert alone.code == 4
    assert "lab-a is one side of a split pipeline, without stores" in alone.err
    assert (await asked(remote.endpoints()["ingress"], "/books")).status_code == 503

    books = await drained(local.lab, *BOTH, patience=240, every=1)
    figure = f"{books['stored']:,}".replace(",", r"\D?")
    words = (sys.executable, "-m", "controlroom", "launch", "--read-only", *BOTH)
    with Terminal(words, local.lab.env, 160, 50) as room:
        for context in ("lab-a", "lab-b"):
            await asyncio.to_thread(room.until, rf"worldcup · {context}", SLOW)
            await asyncio.to_thread(room.until, rf"stored\s+{figure}\s", SLOW)
            room.send("x")
        room.send("q")
        assert await asyncio.to_thread(room.ended, SLOW) == 0


async def acknowledged(sending: Sending, sent: asyncio.Task[None], events: int) -> None:
    """Waits until so many events were answered with success."""

    def there() -> bool:
        if sent.done():
            sent.result()
        return sending.acknowledged >= events

    await until(there, f"{events} events are acknowledged", timeout=300)


async def asked(door: str, path: str) -> httpx.Response:
    """The answer of a program of the lab, which this machine reaches."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        return await client.get(door + path)


async def total(door: str) -> int:
    """Events that the remote cluster's reader tells of."""
    answer = await asked(door, "/total")
    answer.raise_for_status()
    found: int = answer.json()["total"]
    return found


async def seen(local: Deployed, is_open: bool, what: str) -> None:
    """Waits until the breaker of any client of the bridge is open, or none is."""

    async def as_wanted() -> bool:
        found = await asyncio.to_thread(pods, local, "bridge")
        doors = [f"http://{pod['status']['podIP']}:{CLIENT_ADMIN}" for pod in found]
        told = [OPEN.search((await asked(door, "/metrics")).text) for door in doors]
        return any(told) is is_open

    await until(as_wanted, what, SLOW, every=0.5)


def pods(one: Deployed, kind: str) -> list[Any]:
    """Pods of that kind, without those that are on their way out."""
    label = f"app.kubernetes.io/name={kind}"
    found = one.get("-n", "controlroom", "pods", "-l", label)["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


async def replaced(one: Deployed, kind: str) -> None:
    """SIGKILL to one pod of that kind; returns when a new one is ready, and all others are."""
    before = {pod["metadata"]["name"] for pod in await asyncio.to_thread(pods, one, kind)}
    words = ("-n", "controlroom", "delete", "pod", min(before), "--grace-period=0", "--force")
    await asyncio.to_thread(one.kubectl, *words)

    def again() -> bool:
        now = pods(one, kind)
        fresh = {pod["metadata"]["name"] for pod in now} - before
        return bool(fresh) and all(map(of_pod.ready, now))

    await until(lambda: asyncio.to_thread(again), f"another {kind} is ready", SLOW, every=0.5)
