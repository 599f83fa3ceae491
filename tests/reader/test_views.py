"""Pages of a scenario from end to end: real events, consumer, stores and reader."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from controlroom.feeds.tallies import TalliesSource
from scenarios.places.countries import country_of
from tests.conftest import Engines
from tests.consumer.rig import Rig, rig
from tests.scenarios.test_pages import PEOPLE
from tests.waiting import until
from wire.rebuilding import rebuild
from wire.stored import PAGES, REACH

EVENTS = 400


@pytest.fixture
async def people(engines: Engines, tmp_path: Path) -> AsyncIterator[Rig]:
    path = tmp_path / "people.toml"
    name = f'name = "people-{uuid.uuid4().hex[:8]}"'
    path.write_text(PEOPLE.read_text().replace('name = "people"', name, 1))
    async with rig(engines, path) as made:
        yield made


@pytest.mark.engines
async def test_every_page_is_answered_and_made_anew(people: Rig) -> None:
    events = people.events(EVENTS)
    await people.consumer()
    reader, url = await people.reader()
    await people.produce(events)
    books = await people.settled(EVENTS)
    assert (books.counted, books.lost, books.doubled) == (EVENTS, 0, 0)
    await until(reader.ready, "the reader is ready", timeout=60)
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def page(path: str) -> Any:
            answer = await client.get(f"/views{path}")
            assert answer.status_code == 200, answer.text
            return answer.json()

        names = [each["name"] for each in (await page(""))["views"]]
        assert names == [each.name for each in people.scenario.views]
        countries = Counter(country_of(event["location"]) for event in events)
        assert {row["country"]: row["count"] for row in (await page("/map"))["rows"]} == countries
        shown = {name: await page(f"/{name}?country=MX") for name in ("gender", "ages", "latest")}
        for name in ("gender", "ages"):
            assert sum(bar["count"] for bar in shown[name]["bars"]) == countries["MX"]
        assert len(shown["latest"]["last"]) == 5
        await _stored(people, client, events)
        for path, status in (
            ("/nothing", 404), ("/gender?country=Mars", 400), ("/stored?page=0", 400),
            (f"/stored?page={PAGES + 1}", 400), ("/stored?country=MX", 400),
            ("/stored?age=old", 400),
        ):  # fmt: skip
            answer = await client.get(f"/views{path}")
            assert (path, answer.status_code) == (path, status)
            assert answer.json()["fix"]

        await rebuild(people.scenario, people.redis, people.documents, people.offsets)
        for name, before in shown.items():
            after = await page(f"/{name}?country=MX")
            assert {**after, "age": 0} == {**before, "age": 0}
    await _shown(people, events)


async def _stored(people: Rig, client: httpx.AsyncClient, events: list[dict[str, Any]]) -> None:
    """Pages of stored events hold each of them once, and a filter those of its value."""
    found: list[str] = []
    for number in range(1, 6):
        answer = await client.get(f"/views/stored?last=90&page={number}")
        found += [row["id"] for row in answer.json()["rows"]]
    assert len(found) == len(set(found)) == len(events)
    location = events[0]["location"]
    answer = await client.get("/views/stored", params={"last": 500, "location": location})
    rows = answer.json()["rows"]
    assert len(rows) == sum(event["location"] == location for event in events)
    assert {(row["location"], row["country"]) for row in rows} == {(location, country_of(location))}
    answer = await client.get("/views/stored", params={"last": 500, "age": 17})
    assert len(answer.json()["rows"]) == sum(event["age"] == 17 for event in events)
    assert REACH < 100_000, "what is looked through for a value is bounded"


async def _shown(people: Rig, events: list[dict[str, Any]]) -> None:
    """The room has the same."""

    async def redis() -> str:
        return people.engines.redis

    async def mongo() -> str:
        return people.engines.mongo

    source = TalliesSource(redis, people.scenario, mongo)
    await source.open()
    first = await source.read()
    assert (first.chosen, len(first.rows)) == (("stored", "", "1"), 50)
    location = events[0]["location"]
    some = await source.read(("stored", f"location={location}", "1"))
    assert {row.labels[1] for row in some.rows} == {location}
    wrong = await source.read(("stored", "place=1", "1"))
    assert (wrong.rows, "place=1" in wrong.remark) == ((), True)
    # a view that is not there falls back to the first
    assert (await source.read(("nothing", "MX"))).title == first.title
    await source.close()
