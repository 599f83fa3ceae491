"""A system is added by a folder that is not the product's: services, routes, views, faults."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from controlroom.feeds.tallies import TalliesSource
from controlroom.model.frame import TALLIES
from scenarios.loading import load
from tests.own_stack import OwnStack
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.waiting import until

WEATHER = Path(__file__).parent / "added" / "weather"
REPORTS: list[dict[str, Any]] = [
    {"station": f"S{n % 7}", "degrees": (n * 37) % 90 + n % 7} for n in range(700)
]


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A copy of it, so that a test may change it."""
    made = shutil.copytree(WEATHER, tmp_path / "anywhere", ignore=shutil.ignore_patterns("__*"))
    return Path(made)


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    stack = OwnStack(tmp_path_factory.mktemp("weather") / "state")
    yield stack
    stack.run("down", timeout=90, check=False)


@pytest.mark.engines
@pytest.mark.processes
@pytest.mark.timeout(600)
async def test_a_system_is_added_by_a_folder(own: OwnStack, system: Path) -> None:
    own.run("up", timeout=400)
    said = own.run("up", "--scenario", str(system), timeout=400).err
    assert "it has other services: the stack is started again" in said
    status = own.status()
    assert status["stack"]["scenario"] == "weather"
    (pod,) = [pod for pod in status["pods"] if pod["deployment"] == "almanac"]
    assert pod["ready"]
    assert {"almanac.redis", "almanac.mongo"} <= {link["name"] for link in status["links"]}

    # what runs is the copy: the folder may go
    kept = Path(status["stack"]["scenario_file"])
    shutil.rmtree(system)
    doors = own.endpoints()
    warmest: Counter[str] = Counter()
    for report in REPORTS:
        station = report["station"]
        warmest[station] = max(warmest[station], report["degrees"])
    async with httpx.AsyncClient(base_url=doors["ingress"], timeout=60) as client:
        assert (await client.post("/input", json=REPORTS)).status_code == 201

        async def there() -> bool:
            return bool((await client.get("/total")).json()["total"] == len(REPORTS))

        await until(there, "all is counted", timeout=120)
        await the_reader_answers(client, warmest)
        await its_service_answers(client)
    await it_is_seen_in_the_room(doors["redis"], kept, warmest)
    its_faults_are_at_hand(own)


async def the_reader_answers(client: httpx.AsyncClient, warmest: Counter[str]) -> None:
    answer = await client.get("/stations/S3")
    assert answer.json() == {"station": "S3", "reports": 100, "warmest": warmest["S3"]}
    assert (await client.get("/output/stations/S3")).json() == answer.json()
    missing = await client.get("/stations/nobody")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    again = await client.get("/stations/S3", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    described = (await client.get("/output/openapi.json")).json()["paths"]
    (name,) = described["/stations/{name}"]["get"]["parameters"]
    assert (name["name"], name["in"], name["required"]) == ("name", "path", True)
    live = (await client.get("/live")).json()
    first, second = warmest.most_common(2)
    assert [row["count"] for row in live["ranking"]] == [first[1], second[1]]


async def its_service_answers(client: httpx.AsyncClient) -> None:
    found = (await client.get("/almanac/S3")).json()
    degrees = [report["degrees"] for report in REPORTS if report["station"] == "S3"]
    assert (found["title"], found["of"]) == ("S3 station", len(REPORTS))
    assert found["degrees"]
    assert not Counter(found["degrees"]) - Counter(degrees)


async def it_is_seen_in_the_room(redis: str, kept: Path, warmest: Counter[str]) -> None:
    """By the feed of the room, loaded from where the stack says that its scenario is."""

    async def where() -> str:
        return redis

    source = TalliesSource(where, load(kept))
    await source.open()
    found = await source.read()
    await source.close()
    (first, count), _ = warmest.most_common(2)
    assert (found.rows[0].labels, found.rows[0].count) == ((f"{first} station",), count)
    assert len(found.rows) == 2
    room = room_of(frames.calm().having(TALLIES, frames.live(found)))
    async with room.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        assert f"{first} station" in screen_text(room)


def its_faults_are_at_hand(own: OwnStack) -> None:
    listed = {each["name"]: each for each in own.run("chaos", "list", "--json").json()}
    assert {"pod-kill-almanac", "pod-kill-reader"} <= set(listed)
    seen = own.run("chaos", "preview", "pod-kill-almanac", "--json").json()
    assert [hit.partition("-")[0] for hit in seen["hits"]] == ["almanac"]
    before = own.pids("almanac")
    own.run("chaos", "run", "pod-kill-almanac", "--yes", timeout=180)
    assert own.pids("almanac") != before
