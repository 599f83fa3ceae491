"""covid on a real cluster: four queues side by side, each by its own door of the ingress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.clusters.environment import Deployed
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(900)]

EACH = 20
DOORS = {"/input": "http", "/greet": "grpc", "/redispub": "redis", "/streams": "streams"}
QUEUES = {"http": "kafka", "grpc": "direct", "redis": "pubsub", "streams": "streams"}
PERSON = {
    "name": "Ana",
    "location": "Lima",
    "infectedtype": "imported",
    "state": "active",
}
SLOW = 120.0


async def test_each_door_stores_by_its_own_queue(deployed: Callable[..., Deployed]) -> None:
    one = deployed("lab-b", "lab-one", "--scenario", "covid")
    async with httpx.AsyncClient(base_url=one.endpoints()["ingress"], timeout=60) as client:
        for door in DOORS:
            await sent(client, door)

        async def through() -> dict[str, Any] | None:
            books: dict[str, Any] = await one.drained()
            told = all(of["acknowledged"] >= EACH for of in books["queues"].values())
            return books if told else None

        # producers publish what they have acknowledged a moment after their answer
        books = await until(through, "the books have what was acknowledged", SLOW, every=0.5)
        for origin, queue in QUEUES.items():
            of = books["queues"][queue]
            handled = of["acknowledged"] - of["lost"] - of["repeated"]
            assert (of["counted"], of["stored"]) == (handled, handled), (origin, of)
            assert of["doubled"] == 0, (origin, of)
            # a queue that delivers at most once says what it lost, all others may lose nothing
            assert of["lost"] == 0 or queue == "pubsub", (origin, of)

        async def totals() -> bool:
            found = (await client.get("/subscribers/totalorigen/")).json()
            stored = {QUEUES[each["origen"]]: each["total"] for each in found}
            return stored == {name: of["stored"] for name, of in books["queues"].items()}

        await until(totals, "the API tells what each queue has stored", SLOW, every=0.5)
        assert (await client.post("/redis/store/one", json={"a": 1})).text == "Success"
        assert (await client.get("/redis/one")).json() == {"a": 1}


async def sent(client: httpx.AsyncClient, door: str) -> None:
    """Some events by that door, one after the other; each is sent until it was taken."""
    answers: Counter[int] = Counter()
    for age in range(EACH):

        async def taken(age: int = age) -> bool:
            key = {"idempotency-key": f"{door}-{age}"}
            answer = await client.post(door, json={**PERSON, "age": age}, headers=key)
            answers[answer.status_code] += 1
            return answer.status_code == 201

        await until(taken, f"{door} takes event {age}", SLOW, every=0.5)
    assert set(answers) <= {201, 502, 503, 504}, (door, answers)
