"""The cluster's own autoscaler, by the CPU that its metrics server has measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.clusters.environment import Deployed
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(1200)]

LEAST, MOST = 2, 5
LOW_MARK = 25
"""Per cent of the CPU that a consumer asks for: this load passes it beside all else that uses
two cores."""
MARK = {"type": "Utilization", "averageUtilization": LOW_MARK}
DOWN_AT_ONCE = {
    "stabilizationWindowSeconds": 5,
    "policies": [{"type": "Pods", "value": 3, "periodSeconds": 15}],
}
QUICK = {
    "spec": {
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": MARK}}],
        "behavior": {"scaleDown": DOWN_AT_ONCE},
    }
}
LOAD = ("run", "--rate", "80", "--batch", "20", "--concurrence", "20", "--timeout", "6m")


async def test_consumers_follow_their_cpu_from_two_to_five_and_back(
    deployed: Callable[[str, str], Deployed],
) -> None:
    one = deployed("lab-a", "lab-one")
    before = one.books()
    patch = ("-n", "controlroom", "patch", "hpa", "consumer", "--patch", json.dumps(QUICK))
    await until(lambda: ready(one) == LEAST, "two consumers", timeout=240, every=1)
    one.kubectl(*patch)
    try:
        run = one.run(*LOAD, "--detach").out.strip()
        await until(lambda: ready(one) == MOST, "five consumers", timeout=300, every=1)
        assert measured(one) is not None
        one.run("run", "stop", run, timeout=180)
        await until(lambda: ready(one) == LEAST, "two consumers again", timeout=240, every=1)
    finally:
        # as the overlay has it
        await asyncio.to_thread(one.run, "deploy", "--overlay", one.overlay, timeout=400)
    books = await one.drained()
    assert (books["lost"], books["doubled"]) == (0, 0), str(books)
    assert books["counted"] > before["counted"]


def ready(one: Deployed) -> int:
    """Consumers that are ready, where as many are wanted; else 0."""
    found = one.get("-n", "controlroom", "deployment", "consumer")
    now = int(found["status"].get("readyReplicas") or 0)
    return now if now == found["spec"]["replicas"] == found["status"]["replicas"] else 0


def measured(one: Deployed) -> Any:
    """The CPU that the autoscaler went by, in per cent of what pods ask for."""
    status = one.get("-n", "controlroom", "hpa", "consumer")["status"]
    return status["currentMetrics"][0]["resource"]["current"].get("averageUtilization")
