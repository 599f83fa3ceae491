"""Twenty thousand events through the ingress while a pod of each kind is killed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlroom.targets.kubernetes import pods as of_pod
from host.project import PROJECT
from scenarios.loading import load
from tests.clusters.environment import Deployed
from tests.clusters.sending import Sending
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(1500)]

EVENTS = 20_000
KINDS = {
    "producer-http": "controlroom",
    "producer-grpc": "controlroom",
    "producer-wasm": "controlroom",
    "consumer": "controlroom",
    "reader": "controlroom",
    "redis": "controlroom-data",
    "mongo": "controlroom-data",
    "kafka": "controlroom-data",
    "ingress": "controlroom-ingress",
}
"""Every kind of pod that an event meets on its way in or out, and its namespace."""
PORTION = EVENTS // len(KINDS)
BACK = 240.0
"""Seconds in which another pod has to stand in for the killed one; Kafka takes the longest."""


async def test_the_books_are_exact_to_the_event_over_a_kill_of_each_kind_of_pod(
    deployed: Callable[[str, str], Deployed], tmp_path: Path
) -> None:
    one = deployed("lab-a", "lab-one")
    before = one.books()
    sending = Sending(one.endpoints()["ingress"], load("bands"), EVENTS, PORTION)
    began = time.monotonic()
    load_task = asyncio.create_task(sending.run())
    for turn, kind in enumerate(KINDS):
        middle = turn * PORTION + PORTION // 2

        def is_there(middle: int = middle) -> bool:
            if load_task.done():
                load_task.result()
            return sending.acknowledged >= middle

        await until(is_there, f"the load flows before {kind} is killed", timeout=300)
        await asyncio.to_thread(kill, one, kind, tmp_path)
        sending.allowed += PORTION
        print(f"{time.monotonic() - began:.0f} s: {sending.acknowledged}, {kind} was killed")
    await load_task
    assert sending.acknowledged == EVENTS
    assert sending.rejected > 0

    books = await one.drained()
    new = {name: books[name] - before[name] for name in ("kafka", "counted", "stored", "rejected")}
    assert (books["lost"], books["doubled"]) == (0, 0), f"{books} {sending.answers}"
    assert (new["counted"], new["stored"]) == (EVENTS, EVENTS), f"{new} {sending.answers}"
    assert new["rejected"] == sending.rejected, f"{new} {sending.answers}"
    repeated = books.get("repeated", 0) - before.get("repeated", 0)
    assert new["kafka"] == EVENTS + repeated, f"{books} {sending.answers}"


def kill(one: Deployed, kind: str, folder: Path) -> None:
    """SIGKILL to one pod of that kind; returns when another has taken its place."""
    before = {pod["metadata"]["uid"] for pod in pods_of(one, kind)}
    one.run("chaos", "run", str(fault_file(kind, folder)), "--yes", timeout=180)
    asyncio.run(replaced(one, kind, before))


async def replaced(one: Deployed, kind: str, before: set[str]) -> None:
    """Waits until a pod of those is gone and all that are there now are ready."""

    def again() -> bool:
        found = pods_of(one, kind)
        now = {pod["metadata"]["uid"] for pod in found}
        # an autoscaler may want fewer by now, so their number is not asked for
        return bool(found) and bool(before - now) and all(map(of_pod.ready, found))

    await until(again, f"another pod stands in for {kind}", timeout=BACK, every=0.5)


def pods_of(one: Deployed, kind: str) -> list[Any]:
    """As the API server tells them."""
    found: list[Any] = one.get("-n", KINDS[kind], "pods", "-l", selector(kind))["items"]
    return found


def selector(kind: str) -> str:
    """The label that all pods of a kind carry."""
    return f"app.kubernetes.io/name={kind}"


def fault_file(kind: str, folder: Path) -> Path:
    """The project's own file of that kill, or one like it."""
    own = PROJECT / "chaos" / f"pod-kill-{kind}.yaml"
    if own.exists():
        return own
    fault: dict[str, Any] = yaml.safe_load(
        (PROJECT / "chaos" / "pod-kill-consumer.yaml").read_text()
    )
    fault["metadata"]["name"] = own.stem
    labels = {"app.kubernetes.io/name": kind}
    fault["spec"]["selector"] |= {"namespaces": [KINDS[kind]], "labelSelectors": labels}
    made = folder / own.name
    made.write_text(yaml.safe_dump(fault))
    return made
