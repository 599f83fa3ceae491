"""The torture can fail: stores that were broken on purpose are seen, by figures and exit code; and
counters are made again by the command that wants the name of what it rebuilds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from controlroom.torture.compare import Comparison
from controlroom.torture.environment import TortureEnvironment
from controlroom.torture.torture_run import TortureRun
from scenarios.loading import load
from tests.draining import drained
from tests.own_stack import OwnStack
from tests.waiting import until
from wire import keys

pytestmark = pytest.mark.timeout(300)

Undo = Callable[[], Awaitable[object]]


@pytest.fixture
async def whole(stack: OwnStack, fresh: Path) -> AsyncIterator[TortureRun]:
    """A torture whose load has arrived, on a stack that nobody has broken."""
    environment = TortureEnvironment(stack.state, str(fresh))
    await environment.up()
    torture = TortureRun(environment, load(fresh), 1, lambda line: None)
    try:
        async with torture.loaded():
            sent = torture.load.sent
            await until(lambda: len(sent.acknowledged) > 200 and len(sent.refused) > 0, "a load")
        verdict = await torture.judge()
        assert torture.report.passed, torture.report.text()
        assert verdict.repeated > 0
        assert verdict.kafka == verdict.acknowledged + verdict.unconfirmed
        yield torture
    finally:
        await torture.close()
        await environment.close()


async def a_document_under_another_id(torture: TortureRun) -> Undo:
    logs = torture.stores.logs
    copy = {**logs.find_one({}), "_id": "another"}
    logs.insert_one(copy)
    return lambda: _done(logs.delete_one({"_id": "another"}))


async def a_counter_too_high(torture: TortureRun) -> Undo:
    key, member = next(place for place in await torture.stores.counted() if place[0] == "votes")
    name, redis = keys.counter_key(torture.stores.scenario, key), torture.stores.redis
    await redis.hincrby(name, member, 1)
    return lambda: redis.hincrby(name, member, -1)


async def a_counter_too_low(torture: TortureRun) -> Undo:
    key, member = next(place for place in await torture.stores.counted() if place[0] == "votes")
    name, redis = keys.counter_key(torture.stores.scenario, key), torture.stores.redis
    await redis.hincrby(name, member, -1)
    return lambda: redis.hincrby(name, member, 1)


async def no_document(torture: TortureRun) -> Undo:
    logs = torture.stores.logs
    document = logs.find_one_and_delete({})
    return lambda: _done(logs.insert_one(document))


async def no_refused_record(torture: TortureRun) -> Undo:
    name = keys.rejected_collection(torture.stores.scenario)
    rejected = torture.stores.mongo[keys.DATABASE][name]
    document = rejected.find_one_and_delete({"repeats": {"$exists": False}})
    assert document is not None
    return lambda: _done(rejected.insert_one(document))


async def acknowledged_and_absent(torture: TortureRun) -> Undo:
    seen = torture.load.sent.acknowledged
    torture.load.sent.acknowledged.add(torture.load._ids.take())
    return lambda: _done(seen._counts.pop())


async def _done(answer: Any) -> Any:
    return answer


async def test_each_damage_is_seen_as_one(whole: TortureRun, stack: OwnStack) -> None:
    for damage, lost, doubled in (
        (a_document_under_another_id, 0, 1),
        (a_counter_too_high, 0, 1),
        (a_counter_too_low, 1, 0),
        (no_document, 1, 0),
        (no_refused_record, 1, 0),
        (acknowledged_and_absent, 1, 0),
    ):
        undo = await damage(whole)
        verdict: Comparison = await whole.compare()
        assert (verdict.lost, verdict.doubled) == (lost, doubled), damage.__name__
        assert not verdict.clean
        await undo()
        assert (await whole.compare()).clean, damage.__name__

    await a_document_under_another_id(whole)
    words = ("--state", str(stack.state), "--faults", "0", "--patience", "1", "--json")
    scenario = ("--scenario", whole.environment.scenario)
    done = stack.run("torture", *words, *scenario, check=False)
    assert done.code == 1, done
    report = done.json()
    assert (report["passed"], report["lost"], report["doubled"]) == (False, 0, 1)
    assert report["books"]["doubled"] == 1


async def test_a_rebuild_wants_the_name_of_the_scenario(stack: OwnStack, fresh: Path) -> None:
    stack.run("run", "-n", "200", "--timeout", "1m")
    refused = stack.run("tallies", "rebuild", check=False)
    assert refused.code == 4
    assert f"--confirm {fresh.stem}" in refused.err
    unknown = stack.run("tallies", "rebuild", "everything", check=False)
    assert unknown.code == 2
    before = await drained(stack)
    done = stack.run("tallies", "rebuild", "--confirm", fresh.stem, "--json").json()
    assert done["counted"] == before["counted"] == 200
    assert stack.books() == before
