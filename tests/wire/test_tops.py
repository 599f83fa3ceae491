"""Tallies with many members, on a real Redis: what is read of them, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from controlroom.feeds.tallies import TalliesSource
from controlroom.feeds.views import MOST as ROWS
from scenarios.loading import load
from scenarios.scenario import Scenario
from services.consumer.counting import Counting
from services.consumer.prepared import PreparedBatch
from services.reader.live import live
from tests.redis_server import redis_server
from wire import keys
from wire.accounts import ACCOUNTS, redis_line
from wire.rebuilding import Rebuilt, _write
from wire.stores import redis_client
from wire.tops import MOST, Ask, look, names, pieces

pytestmark = pytest.mark.engines

MEMBERS = 1_000_000
FILL = """
for first = 1, tonumber(ARGV[1]), 1000 do
  local counts = {}
  for i = first, first + 999 do
    counts[#counts + 1] = 'Band ' .. i .. ':Album'
    counts[#counts + 1] = i % 1000 + 1
  end
  redis.call('HSET', KEYS[1], unpack(counts))
  -- the highest of these
  redis.call('HSET', KEYS[2], counts[1997], 3)
end
"""
SCANS = {"hgetall", "hscan", "hkeys", "hvals", "smembers", "sscan", "keys", "scan"}


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[tuple[Redis, str]]:
    async with redis_server(tmp_path) as made:
        yield made


@pytest.fixture
def bands(make_scenario: Callable[[str], Path]) -> Scenario:
    return load(make_scenario("bands"))


class Counted:
    """Counts as a consumer does, and knows what has to come of it."""

    def __init__(self, redis: Redis, scenario: str, most: int = 0) -> None:
        self.redis = redis
        self.key = keys.counter_key(scenario, "votes")
        self.expected: Counter[str] = Counter()
        self._scenario = scenario
        self._counting = Counting(redis, scenario, most)
        self._committed_offset = -1

    def restarted(self, most: int) -> None:
        """Another process, perhaps with another bound."""
        self._counting = Counting(self.redis, self._scenario, most)

    async def count(self, amounts: dict[str, int], kind: str = "hash", key: str = "votes") -> None:
        """One prepared batch."""
        prepared = PreparedBatch("t:0", self._committed_offset, self._committed_offset + 1)
        prepared.totals["counted"] = 1
        for member, amount in amounts.items():
            prepared.tallies[kind, key, member] += amount
            self.expected[member] += amount
        (verdict,) = await self._counting.count([("place", prepared)])
        assert (verdict.counted, verdict.failed) == (True, 0)
        self._committed_offset += 1

    async def found(self) -> dict[str, int]:
        """The hash as everybody reads it."""
        return {str(name): int(n) for name, n in (await self.redis.hgetall(self.key)).items()}


async def right(counter: Counted, scenario: str) -> None:
    """What is told of a tally is what its hash holds, and its sum is that of all that came."""
    hashed = await counter.found()
    others = hashed.pop(keys.OTHERS, 0)
    assert sum(hashed.values()) + others == sum(counter.expected.values())
    assert all(counter.expected[name] >= count for name, count in hashed.items() if count > 0)
    (top,) = (await look(counter.redis, scenario, [Ask("hash", counter.key, MOST)])).tops
    assert (top.members, top.others) == (len(hashed), others)
    assert top.total == sum(counter.expected.values())
    highest = sorted(hashed.values(), reverse=True)[:MOST]
    assert [row.count for row in top.rows] == highest
    assert {row.member: row.count for row in top.rows}.items() <= hashed.items()


@pytest.mark.parametrize("lowest", [1, -9])
@pytest.mark.parametrize(("most", "kinds"), [(0, 150), (0, 6_000), (100, 400), (3_000, 6_000)])
async def test_what_is_told_is_what_the_hash_holds(
    own: tuple[Redis, str], lowest: int, most: int, kinds: int
) -> None:
    redis, _ = own
    rng = Random(kinds + lowest)
    counter = Counted(redis, "s", most)
    for _ in range(12):
        size = rng.choice((1, 5, 300, 900))
        await counter.count(
            {f"m{rng.randrange(kinds)}": rng.choice((lowest, 1, 5)) for _ in range(size)}
        )
        await right_but_falls(counter, lowest)
    assert len(await counter.found()) <= (most or kinds) + 1
    counter.restarted(most // 2)
    await counter.count({f"n{n}": 2 for n in range(300)})
    await right_but_falls(counter, lowest)


async def right_but_falls(counter: Counted, lowest: int) -> None:
    if lowest > 0 or keys.OTHERS not in await counter.found():
        await right(counter, "s")


async def test_members_beyond_the_bound_are_others_and_stay_it_after_a_rebuild(
    own: tuple[Redis, str],
) -> None:
    redis, _ = own
    counter = Counted(redis, "s", most=3)
    await counter.count({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5})
    await counter.count({"a": 1, "d": 1})
    assert await counter.found() == {"a": 2, "b": 2, "c": 3, keys.OTHERS: 10}
    await right(counter, "s")
    tallies = {("hash", "votes", member): n for member, n in counter.expected.items()}
    rebuilt = Rebuilt(tallies=Counter(tallies), committed_offsets={"place": 1})
    await _write("s", redis, rebuilt)
    await right(counter, "s")
    assert len(await counter.found()) == 4
    await counter.count({"f": 7})
    await right(counter, "s")
    rebuilt.tallies = Counter({("hash", "votes", f"m{n}"): n for n in range(5_000)})
    rebuilt.tallies["set", "Fase:1", "m1"] = 1
    await redis.hset(keys.books_key("s"), "most", 3_000)
    await _write("s", redis, rebuilt)
    counter.expected = Counter({f"m{n}": n for n in range(5_000)})
    await right(counter, "s")
    assert await redis.smembers("{s}:Fase:1") == {"m1"}


async def test_the_first_names_of_a_set_are_told(own: tuple[Redis, str]) -> None:
    redis, _ = own
    rng, counter = Random(5), Counted(redis, "s", most=4_000)
    members = [f"{rng.randrange(10**9):09}:é{n}" for n in range(5_000)]
    for start in range(0, len(members), 250):
        prepared = dict.fromkeys(members[start : start + 250], 1)
        await counter.count(prepared, "set", "Fase:1")
        (top,) = (await look(redis, "s", [Ask("set", "{s}:Fase:1", 100)])).tops
        there = {name async for piece in names(redis, "{s}:Fase:1") for name in piece}
        assert top.names == sorted(there)[:100]
        assert top.members == len(there) == min(start + 250, 4_000)
    assert top.others == 1


async def test_a_tally_that_was_there_before_is_looked_through_once(
    own: tuple[Redis, str],
) -> None:
    redis, _ = own
    await redis.hset("{s}:votes", mapping={f"m{n}": n for n in range(3_000)})
    await redis.hset("{s}:votes", keys.OTHERS, 10)
    for _ in range(2):
        (top,) = (await look(redis, "s", [Ask("hash", "{s}:votes", 3)])).tops
        assert [(row.member, row.count) for row in top.rows] == [
            ("m2999", 2999),
            ("m2998", 2998),
            ("m2997", 2997),
        ]
        assert (top.members, top.others, top.total) == (3_000, 10, 3_000 * 2_999 // 2 + 10)
    assert (await asked(redis))["hscan"] < 10
    found = [row async for piece in pieces(redis, "{s}:votes", "{s}:votes") for row in piece]
    assert {(row.member, row.count) for row in found} == {(f"m{n}", n) for n in range(3_000)}
    assert all(row.second == row.count for row in found)


@pytest.mark.parametrize("name", ["viewer", "reader"])
async def test_who_may_only_read_is_told_of_a_list_that_is_missing(
    own: tuple[Redis, str], name: str
) -> None:
    redis, url = own
    line = redis_line(next(each for each in ACCOUNTS if each.name == name), "secret")
    await redis.execute_command("ACL", "SETUSER", *line.split()[1:])
    looking = redis_client(url, "secret", name)
    await redis.hset("{s}:votes", mapping={f"m{n}": n for n in range(3_000)})
    asking = [Ask("hash", "{s}:votes", 3), Ask("set", "{s}:Fase:1", 3)]
    with pytest.raises(RedisError, match=r"of {s}:votes are not listed yet; .*may write"):
        await look(looking, "s", asking)
    assert (await asked(redis))["hscan"] == 0, "who may not keep a list does not look through all"
    made = (await look(redis, "s", asking)).tops
    assert (await look(looking, "s", asking)).tops == made
    assert [row.count for row in made[0].rows] == [2_999, 2_998, 2_997]
    await looking.aclose()


async def asked(redis: Redis) -> Counter[str]:
    """How often each command was done, in scripts too."""
    stats = await redis.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()})


async def sent(redis: Redis) -> int:
    """Bytes that Redis has answered, ever."""
    return int((await redis.info("stats"))["total_net_output_bytes"])


async def cost(redis: Redis, read: Callable[[], Any], version: str) -> tuple[Counter[str], int]:
    """Commands and bytes of one reading after a change."""
    await redis.hincrby(version, "version", 1)
    commands, before = await asked(redis), await sent(redis)
    # what asking for the figures costs by itself
    bare = await sent(redis) - before
    answer = await read()
    after, now = await asked(redis), await sent(redis)
    assert answer is not None
    return after - commands, now - before - 2 * bare


async def test_a_million_members_cost_a_reading_what_a_thousand_cost(
    own: tuple[Redis, str], bands: Scenario
) -> None:
    redis, url = own
    votes, ranks = (keys.counter_key(bands.name, name) for name in ("votes", "rank"))
    books = keys.books_key(bands.name)

    async def where() -> str:
        return url

    source = TalliesSource(where, bands)
    await source.open()
    costs: list[list[tuple[Counter[str], int]]] = []
    for members in (1_000, MEMBERS):
        await redis.delete(votes, ranks, f"{{{bands.name}}}:%top:votes")
        await redis.eval(FILL, 2, votes, ranks, members)
        await redis.hset(books, mapping={"counted": members * 500, "version": members})
        # a tally that others have filled is looked through once, which is not the cost of a reading
        await look(redis, bands.name, [Ask("hash", votes, 1)])
        shown = await source.read()
        assert len(shown.rows) == ROWS
        assert shown.more == members - ROWS
        assert {row.count for row in shown.rows} == (
            {1_000} if members == MEMBERS else set(range(801, 1_001))
        )
        assert shown.rows[0].average == pytest.approx(3 / 1_000)
        answer = await live(bands, redis, {})
        assert (len(answer["rows"]), answer["members"]) == (MOST, members)
        costs.append(
            [
                await cost(redis, source.read, books),
                await cost(redis, lambda: live(bands, redis, {}), books),
            ]
        )
    await source.close()
    few, many = costs
    for (little, small), (much, large) in zip(few, many, strict=True):
        assert not SCANS & much.keys()
        assert much.total() == little.total() < 20
        assert large < 1.2 * small + 1_000 < 100_000


async def test_every_member_is_streamed(own: tuple[Redis, str], bands: Scenario) -> None:
    redis, url = own
    votes, ranks = (keys.counter_key(bands.name, name) for name in ("votes", "rank"))
    await redis.eval(FILL, 2, votes, ranks, 5_000)

    async def where() -> str:
        return url

    source = TalliesSource(where, bands)
    await source.open()
    await source.read()
    sizes, found = [], set()
    async for rows in source.all_rows():
        sizes.append(len(rows))
        found |= {row.labels for row in rows}
    await source.close()
    assert len(found) == 5_000
    assert max(sizes) < 2_000
