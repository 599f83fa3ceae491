"""covid on a real cluster: four queues side by side, each by a door of its own.

The lab's ingress knows the paths of the product only, so the doors are called from inside.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.clusters.environment import Deployed
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(900)]

EACH = 20
DOORS = (
    "http://producer-http/input",
    "http://grpc-client:5000/",
    "http://producer-redis/redispub",
    "http://producer-streams/streams",
)
QUEUES = {"http": "kafka", "grpc": "direct", "redis": "pubsub", "streams": "streams"}
PERSON = {"name": "Ana", "location": "Lima", "infectedtype": "imported", "state": "active"}
TOTALS = "http://subscribers:3000/subscribers/totalorigen/"
STORE = "http://redis-api:3500"
SLOW = 120.0
ASK = """
import json, sys, urllib.error, urllib.request
url, *bodies = json.load(sys.stdin)
answers = []
for body in bodies:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answers.append([answer.status, answer.read().decode()])
    except urllib.error.HTTPError as error:
        answers.append([error.code, error.read().decode()])
print(json.dumps(answers))
"""


def asked(one: Deployed, url: str, *bodies: Any) -> list[list[Any]]:
    """Status and text of a POST of each body, of a GET where it is None, from a pod's place."""
    words = ("exec", "-i", "-n", "controlroom", "deploy/reader", "--", "python", "-c", ASK)
    found: list[list[Any]] = json.loads(one.kubectl(*words, text=json.dumps([url, *bodies])))
    return found


async def test_each_door_stores_by_its_own_queue(deployed: Callable[..., Deployed]) -> None:
    one = deployed("lab-b", "lab-one", "--scenario", "covid")
    people = [{**PERSON, "age": age} for age in range(EACH)]
    for door in DOORS:
        answers = asked(one, door, *people)
        assert [status for status, _ in answers] == [201] * EACH, (door, answers)

    async def through() -> dict[str, Any] | None:
        books: dict[str, Any] = await one.drained()
        told = all(of["acknowledged"] >= EACH for of in books["queues"].values())
        return books if told else None

    # producers publish what they have acknowledged a moment after their answer
    books = await until(through, "the books have what was acknowledged", SLOW, every=0.5)
    for queue, of in books["queues"].items():
        handled = EACH - of["lost"]
        assert (of["counted"], of["stored"], of["doubled"]) == (handled, handled, 0), (queue, of)
        # a queue that delivers at most once says what it lost, all others may lose nothing
        assert of["lost"] == 0 or queue == "pubsub", (queue, of)
    ((_, totals),) = asked(one, TOTALS, None)
    stored = {QUEUES[each["origen"]]: each["total"] for each in json.loads(totals)}
    assert stored == {name: of["stored"] for name, of in books["queues"].items()}
    assert asked(one, f"{STORE}/store/one", {"a": 1}) == [[200, "Success"]]
    assert asked(one, f"{STORE}/one", None) == [[200, '{"a": 1}']]
