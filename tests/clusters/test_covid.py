"""covid on a real cluster: four queues side by side, each by a door of its own at the ingress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from scenarios.loading import load
from tests.clusters.environment import Deployed
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(900)]

EACH = 20
DOORS = ("/input", "/greet", "/redispub", "/streams")
QUEUES = {"http": "kafka", "grpc": "direct", "redis": "pubsub", "streams": "streams"}
PERSON = {
    "name": "Ana",
    "location": "Lima",
    "infectedtype": "imported",
    "state": "active",
    "gender": "female",
    "vaccine_type": "Pfizer-BioNTech",
}
SLOW = 120.0
WATCHED = {row.deployment for row in load("covid").traffic}
"""Services of covid's own whose traffic is shown."""


async def test_each_door_stores_by_its_own_queue(deployed: Callable[..., Deployed]) -> None:
    one = deployed("lab-b", "lab-one", "--scenario", "covid")
    people = [{**PERSON, "age": age} for age in range(EACH)]
    async with httpx.AsyncClient(
        base_url=one.endpoints()["ingress"], timeout=30, trust_env=False
    ) as ingress:
        # `deploy` has waited until the ingress knows the pods behind each door
        for door in DOORS:
            answers = [await ingress.post(door, json=person) for person in people]
            assert [each.status_code for each in answers] == [201] * EACH, (door, answers[-1].text)

        async def through() -> dict[str, Any] | None:
            books: dict[str, Any] = await one.drained()
            told = all(of["acknowledged"] >= EACH for of in books["queues"].values())
            return books if told else None

        # producers publish what they have acknowledged a moment after their answer
        books = await until(through, "the books have what was acknowledged", SLOW, every=0.5)
        for queue, of in books["queues"].items():
            handled = EACH - of["lost"]
            assert (of["counted"], of["stored"], of["doubled"]) == (handled, handled, 0), queue
            # a queue that delivers at most once says what it lost, all others may lose nothing
            assert of["lost"] == 0 or queue == "pubsub", (queue, of)
        totals = (await ingress.get("/subscribers/totalorigen/")).json()
        stored = {QUEUES[each["origen"]]: each["total"] for each in totals}
        assert stored == {name: of["stored"] for name, of in books["queues"].items()}
        kept = await ingress.post("/redis/store/one", json={"a": 1})
        assert (kept.status_code, kept.text) == (200, "Success")
        assert (await ingress.get("/redis/one")).json() == {"a": 1}
        assert (await ingress.get("/api/countries")).status_code == 200
        assert (await ingress.get("/total")).json()

        async def seen() -> bool:
            # a rise is seen from the first scrape on, and a pod may be younger than that
            for door in DOORS:
                await ingress.post(door, json=people[0])
            return watched(one)

        await until(seen, "the traffic has covid's own services", SLOW, every=1)


def watched(one: Deployed) -> bool:
    """Whether the golden metrics have requests to each."""
    rows = one.run("metrics", "--window", "120", "--json").json()["rows"]
    return {row["deployment"] for row in rows if row["rps"]} >= WATCHED
