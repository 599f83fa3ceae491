"""Broken stores of each queue are seen by the torture, and by its books."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from controlroom.torture.compare import Comparison, compare
from controlroom.torture.kept import KeptStores
from controlroom.torture.load import TortureClients
from controlroom.torture.numbers import Ids
from controlroom.torture.torture_run import disagreements
from tests.conftest import Engines
from tests.producers.running import Service
from tests.queues.pipeline import CONSUMER, HTTP, PATIENCE, Pipeline, pipeline_of, post
from tests.waiting import until
from wire import keys

QUEUES = ("streams", "direct", "pubsub")


class Whole:
    """A pipeline whose load has arrived, and a torture's look at it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        addresses = {"redis": pipeline._url, "mongo": pipeline._running.engines.mongo}
        self.ids = Ids(f"t{pipeline.name}")
        self.load = TortureClients("http://127.0.0.1:9", pipeline.scenario, self.ids, 1)
        self.stores = KeptStores(addresses, pipeline.scenario, self.ids, self.load)

    async def send(self, producer: Service, count: int = 1, again: int = 0) -> None:
        """Events of the torture, acknowledged; `again` of them are sent once more."""
        for place in range(count):
            number = self.ids.take()
            for _ in range(1 + (place < again)):
                self.load.sent.tried([number])
                key = self.ids.text(number)
                await post(producer, self.load.event(number), key=key)
                self.load.sent.told += 1
            self.load.sent.acknowledged.add(number)

    async def compared(self) -> Comparison:
        return compare(self.load.sent, await self.stores.read())

    async def wrong(self) -> tuple[int, int, bool]:
        """Lost, doubled, and whether the books say otherwise."""
        verdict = await self.compared()
        said = disagreements(verdict, await self.pipeline.figures())
        return verdict.lost, verdict.doubled, bool(said)

    async def close(self) -> None:
        await self.load.close()
        await self.stores.close()


@pytest.fixture(params=QUEUES)
async def whole(
    request: pytest.FixtureRequest,
    engines: Engines,
    make_scenario: Callable[[str], Path],
    tmp_path: Path,
) -> AsyncIterator[Whole]:
    async with pipeline_of(request.param, engines, make_scenario, tmp_path) as pipeline:
        made = Whole(pipeline)
        try:
            yield made
        finally:
            await made.close()


async def refused_are_handled(pipeline: Pipeline) -> bool:
    group, topic = keys.consumer_group(pipeline.name), keys.rejected_topic(pipeline.name)
    fields = await pipeline.redis.hkeys(keys.committed_key(pipeline.name))
    return any(str(field).startswith(f"{group}/{topic}/") for field in fields)


async def test_damage_is_seen(whole: Whole) -> None:
    pipeline, stores = whole.pipeline, whole.stores
    queue, producer = pipeline.scenario.queue, await pipeline.begin(HTTP)
    lossy = queue == "pubsub"
    if lossy:
        # nobody is subscribed yet
        await whole.send(producer, 3)
        await post(producer, {"name": "nobody"}, 422)
        await pipeline.handled(sent=3, lost=3)
    await pipeline.begin(CONSUMER)
    if lossy:
        # what is lost of the bad ones is not lost of the events
        await until(lambda: refused_are_handled(pipeline), "refused records are given up", PATIENCE)
    await whole.send(producer, 20, again=4)
    await pipeline.handled(counted=20, repeated=4)
    verdict = await whole.compared()
    assert verdict.clean, verdict
    assert await whole.wrong() == (0, 0, False)
    assert (verdict.repeated, verdict.stored) == (4, 20)
    assert verdict.undelivered == (3 if lossy else 0)

    document = stores.logs.find_one_and_delete({})
    assert await whole.wrong() == (1, 0, False)
    if lossy:
        # whoever has not seen it there takes it for one that was never delivered: not so the books
        late = KeptStores(stores._addresses, pipeline.scenario, whole.ids, whole.load)
        verdict = compare(whole.load.sent, await late.read())
        await late.close()
        assert verdict.undelivered == 4
        said = disagreements(verdict, await pipeline.figures())
        assert any(each.startswith("lost is 3,") for each in said)
    stores.logs.insert_one({**document, "_id": "another"})
    stores.logs.insert_one(document)
    lost, doubled, _ = await whole.wrong()
    assert (lost, doubled) == (0, 1)
    stores.logs.delete_one({"_id": "another"})

    key, member = next(place for place in await stores.counted() if place[0] == "votes")
    name = keys.counter_key(pipeline.name, key)
    for amount, seen in ((1, (0, 1)), (-1, (1, 0))):
        await stores.redis.hincrby(name, member, amount)
        assert (await whole.wrong())[:2] == seen
        await stores.redis.hincrby(name, member, -amount)
    assert await whole.wrong() == (0, 0, False)

    # acknowledged, and nowhere
    whole.load.sent.acknowledged.add(whole.ids.take())
    whole.load.sent.told += 1
    assert (await whole.wrong())[:2] == (1, 0)


async def test_a_figure_of_lost_that_is_not_what_is_missing_is_seen(
    engines: Engines, make_scenario: Callable[[str], Path], tmp_path: Path
) -> None:
    async with pipeline_of("pubsub", engines, make_scenario, tmp_path) as pipeline:
        whole = Whole(pipeline)
        try:
            producer = await pipeline.begin(HTTP)
            await whole.send(producer, 5)
            books = await pipeline.handled(acknowledged=5, sent=5, lost=5)
            verdict = await whole.compared()
            assert (verdict.clean, verdict.undelivered) == (True, 5)
            assert disagreements(verdict, books) == []
            for figure in ("lost", "missing", "sent", "doubled", "in_flight"):
                said = disagreements(verdict, {**books, figure: books[figure] + 1})
                assert len(said) == 1, figure
        finally:
            await whole.close()
