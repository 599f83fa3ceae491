"""Pages of a scenario on a real Redis: exact under repetition, and bounded to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from controlroom.feeds.tallies import TalliesSource
from scenarios.events import EventCodec
from scenarios.loading import load
from scenarios.scenario import Scenario
from services.consumer.counting import Counting
from services.consumer.prepared import PreparedBatch
from services.reader.gauges import TallyGauge
from services.reader.live import live
from tests.redis_server import redis_server
from tests.scenarios.test_pages import PEOPLE, documents
from wire import keys
from wire.rebuilding import Rebuilt, _add, _write
from wire.tops import Ask, look

pytestmark = pytest.mark.engines

MEMBERS = 1_000_000
FILL = """
for first = 1, tonumber(ARGV[1]), 1000 do
  local counts = {}
  for i = first, first + 999 do
    counts[#counts + 1] = 'Member ' .. i
    counts[#counts + 1] = i % 1000 + 1
  end
  redis.call('HSET', KEYS[1], unpack(counts))
end
"""
VIEWS = ("top", "countries", "gender", "latest", "ages", "map")


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[tuple[Redis, str]]:
    async with redis_server(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def people() -> Scenario:
    return load(PEOPLE)


async def count(redis: Redis, scenario: Scenario, found: list[dict[str, Any]]) -> None:
    """Counts them in portions of their partitions, each of these twice, as after a lost answer."""
    codec, counting = EventCodec(scenario), Counting(redis, scenario.name, 0, scenario.kinds)
    for tp in sorted({document["tp"] for document in found}):
        own = [document for document in found if document["tp"] == tp]
        for start in range(0, len(own), 40):
            portion = own[start : start + 40]
            batch = PreparedBatch(tp, start - 1, start + len(portion) - 1)
            for document in portion:
                codec.count(document, batch.tallies)
            codec.trim(batch.tallies)
            batch.totals["counted"] = len(portion)
            first, again = [(await counting.count([(tp, batch)]))[0] for _ in range(2)]
            assert (first.counted, first.failed, again.counted) == (True, 0, False)


async def kept(redis: Redis, scenario: Scenario) -> dict[str, Any]:
    """All tallies as Redis has them."""
    found: dict[str, Any] = {}
    async for name in redis.scan_iter(match=f"{{{scenario.name}}}:*", count=1_000):
        if name.split(":", 1)[1].split(":")[0] in ("countries", "gender", "ages"):
            found[name] = await redis.hgetall(name)
        elif ":last:" in name:
            found[name] = await redis.zrange(name, 0, -1)
    return found


def last_of(found: list[dict[str, Any]], country: str, places: dict[str, str]) -> list[str]:
    """Names of the last five of a country, the last first, without any code of the product."""
    own = [one for one in found if places[one["event"]["location"]] == country]
    own.sort(key=lambda one: (one["at"], one["o"], one["tp"]), reverse=True)
    return [one["event"]["name"] for one in own[:5]]


PLACES = {
    "Guatemala City": "GT", "Mixco, Guatemala": "GT", "Quetzaltenango": "GT",
    "Ciudad de México": "MX", "Monterrey": "MX", "MÉXICO": "MX", "Seoul": "KR", "Korea": "KR",
    "Tokio": "JP", "Buenos Aires": "AR", "Atlantis": "unknown",
}  # fmt: skip


async def test_every_page_is_exact_under_repetition_and_after_a_rebuild(
    own: tuple[Redis, str], people: Scenario
) -> None:
    redis, url = own
    found = documents(900)
    await count(redis, people, found)
    before = await kept(redis, people)
    countries = Counter(PLACES[one["event"]["location"]] for one in found)
    assert before["{people}:countries"] == {code: str(n) for code, n in countries.items()}

    async def where() -> str:
        return url

    source = TalliesSource(where, people)
    await source.open()
    for country in countries:
        shown = await source.read(("latest", country))
        assert [row.labels[0] for row in shown.rows] == last_of(found, country, PLACES)
        answer = await live(people, redis, {"country": country}, named=people.named_view("latest"))
        assert [row["name"] for row in answer["last"]] == last_of(found, country, PLACES)
        genders = await source.read(("gender", country))
        assert genders.sum == countries[country]
        ages = await source.read(("ages", country))
        assert [row.labels[0] for row in ages.rows] == [
            "0-11", "12-17", "18-29", "30-44", "45-59", "60-74", "75+",
        ]  # fmt: skip
        assert sum(row.count for row in ages.rows) == countries[country]
    empty = await source.read(("gender", "FR"))
    assert (empty.rows, empty.chosen) == ((), ("gender", "FR"))
    shown = await source.read(("map",))
    assert {row.key: row.count for row in shown.rows} == countries
    assert next(row.labels for row in shown.rows if row.key == "GT") == ("Guatemala",)
    await source.close()

    rebuilt = Rebuilt()
    _add(EventCodec(people), rebuilt, found[::-1], "")
    await redis.zadd("{people}:last:GT", {"999999999999999:wrong": 0})
    await _write(people.name, redis, rebuilt, people.kinds)
    assert await kept(redis, people) == before


async def test_gauges_tell_every_view_that_counts(own: tuple[Redis, str], people: Scenario) -> None:
    redis, _ = own
    found = documents(300)
    await count(redis, people, found)
    gauge = TallyGauge(people, redis)
    await gauge.refresh()
    (metric,) = gauge.collect()
    told = {(s.labels["group"], s.labels["label"]): s.value for s in metric.samples}
    mexicans = [one for one in found if PLACES[one["event"]["location"]] == "MX"]
    assert told["map", "Mexico"] == len(mexicans)
    assert not any(group == "top" for group, _ in told), "the same tally is told once"
    women = sum(one["event"]["gender"] == "F" for one in mexicans)
    assert told["gender · Mexico", "F"] == women
    assert ("ages · Mexico", "12-17") in told
    assert not any(group.startswith(("latest", "stored")) for group, _ in told)


async def cost(redis: Redis, read: Callable[[], Any]) -> tuple[int, int]:
    """Commands and bytes of one reading after a change."""
    await redis.hincrby("{people}:books", "version", 1)
    await redis.config_resetstat()
    assert await read() is not None
    commands = await redis.info("commandstats")
    sent = int((await redis.info("stats"))["total_net_output_bytes"])
    # HKEYS and HVALS are for tallies with few members
    scans = {"hgetall", "hscan", "smembers", "sscan", "keys", "scan"}
    used = {name.removeprefix("cmdstat_"): each["calls"] for name, each in commands.items()}
    assert not scans & used.keys()
    return sum(used.values()), sent


async def test_a_page_costs_the_same_at_a_million_members(
    own: tuple[Redis, str], people: Scenario
) -> None:
    """A hash has a million members where as many events name different ones; that is more than ten
    million events of people make."""
    redis, url = own
    countries = keys.counter_key(people.name, "countries")
    gender, ages = "{people}:gender:Member 7", "{people}:ages:Member 7"

    async def where() -> str:
        return url

    await redis.config_set("busy-reply-threshold", 0)
    source = TalliesSource(where, people)
    await source.open()
    costs: list[dict[str, tuple[int, int]]] = []
    for members in (1_000, MEMBERS):
        await redis.delete(countries, gender, ages, "{people}:%top:countries")
        await redis.eval(FILL, 1, countries, members)
        await redis.eval(FILL, 1, gender, max(1_000, members // 10))
        await redis.hset(ages, mapping={"0-11": members, "75+": 3})
        await redis.zadd(
            "{people}:last:Member 7", {f"{n:015d}:0:0:t:a:b:c:4:e": 0 for n in range(5)}
        )
        await redis.hset("{people}:books", mapping={"counted": members * 500, "version": members})
        chosen = {name: (name, "Member 7") for name in VIEWS}
        # a tally that others have filled is looked through once
        for key in (countries, gender):
            await look(redis, people.name, [Ask("hash", key, 1)])
        for name in VIEWS:
            await source.read(chosen[name])
        costs.append(
            {name: await cost(redis, partial(source.read, chosen[name])) for name in VIEWS}
        )
    await source.close()
    few, many = costs
    for name in VIEWS:
        assert many[name][0] == few[name][0] < 40, name
        assert many[name][1] < 1.2 * few[name][1] + 1_000 < 100_000, name
