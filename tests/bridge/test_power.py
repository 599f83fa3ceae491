"""A broker of the local side that loses the end of its log: the remote side opens the next life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.bridge.rig import bridge
from tests.broker import broker
from tests.conftest import Engines
from tests.consumer.rig import rig
from wire.committed import read_committed

CUT = 20


async def test_a_worker_goes_on_behind_a_log_that_was_cut(
    engines: Engines, make_scenario: Callable[[str], Path], tmp_path: Path
) -> None:
    async with (
        broker(tmp_path) as own,
        rig(replace(engines, kafka=own.address), make_scenario("worldcup")) as made,
        bridge(made) as across,
    ):
        events = made.events(120)
        for n, event in enumerate(events[:60]):
            await made.produce([event], first=n)
        await made.settled(60)
        across.worker.kill()
        await across.worker.process.wait()
        await own.lose_power(made.topic, {0: CUT})
        await made.produce(events[60:], first=60)
        across.worker = await across.start_worker()
        books = await made.settled(120)
        assert (books.counted, books.stored, books.closed) == (120, 120, True)
        expected = made.tallied(events)
        assert await made.tallies(expected) == expected
        assert list((await read_committed(made.redis, made.name)).bases.values()) == [CUT]
