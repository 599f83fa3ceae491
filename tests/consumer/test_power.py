"""A broker that comes back from a power cut without the end of its log, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.consumer.counting import Counting
from services.consumer.prepared import PreparedBatch
from services.queues.batch import Verdict
from services.queues.kafka.tails import DoubtError, Tail, Tails
from tests.broker import Broker, broker
from tests.conftest import Engines
from tests.consumer.rig import Rig, rig
from tests.waiting import until
from wire import keys
from wire.committed import read_committed
from wire.lives import Life, Lives, Mark, Part, Stand
from wire.purging import purge
from wire.queues.kafka.books import KafkaBooks
from wire.ranges import Range
from wire.rebuilding import rebuild
from wire.record import headers
from wire.topics import OffsetReader

FENCE = 99
CUT = 51


@pytest.fixture
async def powered(
    engines: Engines, make_scenario: Callable[[str], Path], tmp_path: Path
) -> AsyncIterator[tuple[Rig, Broker]]:
    """A scenario on a broker of its own, beside the stores of all tests."""
    async with (
        broker(tmp_path) as own,
        rig(replace(engines, kafka=own.address), make_scenario("bands")) as made,
    ):
        yield made, own


async def send(rig: Rig, events: Sequence[dict[str, Any]], first: int = 0) -> None:
    """Each event in a batch of its own, with an id that a client gave, to partition 0; they are
    acknowledged, which the books hear of."""
    for position, event in enumerate(events, first):
        batch = rig.producer.create_batch()
        named = headers(f"given-{position}", "http", once=True)
        value = json.dumps(event).encode()
        batch.append(key=None, value=value, timestamp=None, headers=named)
        await (await rig.producer.send_batch(batch, rig.topic, partition=0))
    await rig.redis.hincrby(keys.acknowledged_key(rig.name), "p", len(events))


async def right(rig: Rig, events: Sequence[dict[str, Any]], repeated: int = 0) -> KafkaBooks:
    """These events are counted and stored, once."""
    books = await rig.settled(len(events) + repeated)
    assert (books.counted, books.stored, books.doubled) == (len(events), len(events), 0), (
        books,
        [s.log.read_text()[-3000:] for s in rig.services],
    )
    assert books.repeated == repeated
    assert books.kafka == len(events) + repeated
    expected = rig.tallied(list(events))
    assert await rig.tallies(expected) == expected
    assert len({document["id"] for document in await rig.logs()}) == len(events)
    return books


async def test_new_events_below_the_fence_are_counted(powered: tuple[Rig, Broker]) -> None:
    rig, own = powered
    events = rig.events(150)
    first = await rig.consumer("one")
    await send(rig, events[:100])
    await right(rig, events[:100])
    await first.stop()
    await own.lose_power(rig.topic, {0: CUT})
    await send(rig, events[100:], first=100)
    # the log is longer than the committed offset again, and five that were counted are sent once
    # more
    await send(rig, events[60:65], first=60)
    assert (await rig.offsets.end_offsets(rig.topic))[0] > FENCE + 1
    await rig.consumer("two")
    books = await right(rig, events, repeated=5)
    assert books.closed
    assert books.acknowledged == books.kafka == 155
    committed_offsets = await read_committed(rig.redis, rig.name)
    assert list(committed_offsets.bases.values()) == [CUT]
    rejected = keys.rejected_collection(rig.name)
    kept = await rig.documents.find(rejected, Range(next(iter(committed_offsets.bases)), -1, 200))
    stored = {document["_id"]: document["id"] for document in await rig.logs()}
    assert [stored[each["repeats"]] for each in kept] == [each["id"] for each in kept]


async def test_a_running_consumer_an_emptied_redis_and_a_second_cut(
    powered: tuple[Rig, Broker],
) -> None:
    rig, own = powered
    events = rig.events(200)
    await rig.consumer("one")
    await send(rig, events[:100])
    await right(rig, events[:100])
    # a log that is shorter than the committed offset, under a consumer that lives on
    await own.lose_power(rig.topic, {0: CUT})
    await send(rig, events[100:120], first=100)
    assert (await right(rig, events[:120])).closed
    # the next cut takes events that nobody had read: those the broker has lost
    one = rig.services[0]
    await one.stop()
    await send(rig, events[120:130], first=120)
    await own.lose_power(rig.topic, {0: CUT + 5})
    await rig.consumer("two")
    await send(rig, events[130:], first=130)
    there = [*events[:120], *events[130:]]
    books = await right(rig, there)
    assert (books.lost, books.broker_lost, books.closed) == (10, 10, False)
    assert books.to_json()["broker_lost"] == 10
    assert len((await read_committed(rig.redis, rig.name)).bases) == 2

    await Lives(rig.name, rig.redis, rig.documents).settle(10)
    names = [name async for name in rig.redis.scan_iter(match=f"{{{rig.name}}}:*")]
    acknowledged: dict[Any, Any] = await rig.redis.hgetall(keys.acknowledged_key(rig.name))
    await rig.redis.delete(*names)
    await rig.redis.hset(keys.acknowledged_key(rig.name), mapping=acknowledged)

    async def found_again() -> bool:
        return len((await read_committed(rig.redis, rig.name)).bases) == 2

    await until(found_again, "the lives in an emptied Redis")
    await rebuild(rig.scenario, rig.redis, rig.documents, rig.offsets)
    books = await right(rig, there)
    assert (books.lost, books.settled, books.closed) == (0, 10, True)
    assert await purge(rig.name, rig.redis, rig.documents) == len(there)
    assert (await rig.books()).closed


def stand(rig: Rig, life: Life | None = None, committed: int = FENCE) -> Stand:
    """A partition that is counted up to a committed offset."""
    return Stand(life or Life(rig.topic, "T", 0), committed, Mark(3, "f"))


async def test_of_two_that_open_a_life_the_first_wins_whoever_dies(bands: Rig) -> None:
    fast = Lives(bands.name, bands.redis, bands.documents)
    slow = Lives(bands.name, bands.redis, bands.documents)
    # both have seen the cut; the first one dies before Redis knows, the log has grown meanwhile
    await fast.keep(stand(bands), CUT)
    assert (await slow.keep(stand(bands), CUT + 20)).base == CUT
    (life,) = await slow.restore()
    assert (life.base, life.committed, life.closed) == (CUT, FENCE, True)
    assert [s.committed for s in await slow.stands([life])] == [CUT - 1]
    # and again, when a later one has counted in it
    group = keys.consumer_group(bands.name)
    counting = Counting(bands.redis, bands.name)
    prepared = PreparedBatch(life.tp, CUT - 1, CUT + 8)
    assert await counting.count([(life.field(group), prepared)]) == [Verdict(True, CUT + 8, 0)]
    await fast.restore()
    assert [s.committed for s in await fast.stands([life])] == [CUT + 8]


async def test_a_life_that_has_a_next_one_is_counted_no_further(bands: Rig) -> None:
    group, counting = keys.consumer_group(bands.name), Counting(bands.redis, bands.name)
    old = Life(bands.topic, "T", 0)
    await counting.count([(old.field(group), PreparedBatch(old.tp, -1, FENCE))])
    # a batch that was under way when the power went: stored, not yet counted
    late = {"_id": keys.document_id(old.tp, FENCE + 1), "tp": old.tp, "o": FENCE + 1, "id": "x"}
    collection = keys.logs_collection(bands.name)
    await bands.documents.insert(collection, [late])
    lives = Lives(bands.name, bands.redis, bands.documents)
    await lives.keep(stand(bands, old), CUT)
    await lives.restore()
    verdicts = await counting.count([(old.field(group), PreparedBatch(old.tp, FENCE, FENCE + 1))])
    assert verdicts == [Verdict(False, FENCE, 0)]
    assert await bands.documents.find(collection, Range(old.tp, FENCE, FENCE + 9)) == []


async def no_witness(part: Part, offset: int) -> str:
    """Nobody is to be asked."""
    raise AssertionError(part)


async def the_same(part: Part, offset: int) -> str:
    """The record at the committed offset is the one that was counted."""
    return "f"


async def another(part: Part, offset: int) -> str:
    """The record at the committed offset is another one."""
    return "g"


async def test_an_end_below_the_fence_is_believed_by_the_leader_epochs(bands: Rig) -> None:
    now = 0.0
    tails = Tails(OffsetReader(""), lambda: now)
    here = stand(bands)
    unmarked = here._replace(mark=Mark.of(None))
    assert await tails.cut(Tail(here, CUT, CUT), no_witness) == CUT
    assert await tails.cut(Tail(here, FENCE + 1, -1), no_witness) is None
    assert await tails.cut(Tail(here, FENCE + 50, FENCE + 1), no_witness) is None
    assert await tails.cut(Tail(here, FENCE + 50, CUT), another) == CUT
    # an epoch that was noted too late: nothing is counted twice
    assert await tails.cut(Tail(here, FENCE + 50, CUT), the_same) is None
    # a leader that may have been replaced without knowing, and a committed offset without a mark
    for tail, patience in ((Tail(here, CUT, -1), 30.0), (Tail(unmarked, CUT, -1), 1.0)):
        now = 0.0
        with pytest.raises(DoubtError):
            await tails.cut(tail, no_witness)
        now = patience - 0.1
        with pytest.raises(DoubtError):
            await tails.cut(tail, no_witness)
        now = patience
        assert await tails.cut(tail, no_witness) == CUT
