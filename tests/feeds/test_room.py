"""A whole room over the real engines: what goes in at one end is in the frame at the other."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from controlroom.model.board import Board
from controlroom.model.fleet import Fleet
from controlroom.model.frame import BOOKS, KEYS, LOG, QUEUES, TALLIES
from controlroom.model.samples import Report
from controlroom.recordings.format import SOURCES
from controlroom.recordings.player import Player
from controlroom.recordings.reader import Recording
from controlroom.recordings.recorder import begun
from controlroom.settings import Settings
from controlroom.targets.abilities import FaultStatus, LoadStatus
from controlroom.targets.purge import purge_logs
from controlroom.wiring import Room
from tests.feeds.world import FixedTarget, World, prediction, vote
from tests.waiting import until


class QuietTarget(FixedTarget):
    """A target with endpoints and nothing that runs."""

    async def fleet(self) -> Fleet:
        return Fleet((), ())

    async def faults(self) -> Sequence[FaultStatus]:
        return ()

    async def loads(self) -> Sequence[LoadStatus]:
        return ()

    async def close(self) -> None:
        """Nothing to close."""


async def room_of(world: World, state: Path) -> AsyncIterator[Room]:
    target = QuietTarget(world.engines)
    room = Room(world.scenario, target, Settings(state_dir=state))  # type: ignore[arg-type]
    await room.start()
    yield room
    await room.stop()


@pytest.fixture
async def bands_room(bands: World, tmp_path: Path) -> AsyncIterator[Room]:
    async for room in room_of(bands, tmp_path):
        yield room


@pytest.fixture
async def cup_room(worldcup: World, tmp_path: Path) -> AsyncIterator[Room]:
    async for room in room_of(worldcup, tmp_path):
        yield room


async def test_a_frame_can_be_drawn_before_anything_answered(bands_room: Room) -> None:
    frame = bands_room.frame()
    assert frame.scenario == bands_room.scenario.name
    assert frame[TALLIES].health.state == "connecting"


async def test_every_source_comes_to_life_and_shows_what_was_stored(
    bands: World, bands_room: Room
) -> None:
    await bands.produce([vote()] * 6)
    await bands.store([vote()] * 6)

    def alive() -> bool:
        frame = bands_room.frame()
        return all(frame[key].health.ok for key in KEYS)

    await until(alive, "all sources are live")

    def told() -> bool:
        frame = bands_room.frame()
        tallies, books, log = frame[TALLIES].value, frame[BOOKS].value, frame[LOG].value
        return bool(tallies and books and log) and (
            tallies.total == 6  # type: ignore[union-attr]
            and books.books.closed  # type: ignore[union-attr]
            and books.books.stored == 6  # type: ignore[union-attr]
            and len(log.lines) == 6  # type: ignore[union-attr]
        )

    await until(told, "six votes in tallies, books and log")
    page = await bands_room.log_page(3, 2)
    assert [line.offset for line in page] == [1, 2]
    assert await purge_logs(await bands_room.target.endpoints(), bands_room.scenario.name) == 6

    def purged() -> bool:
        books = bands_room.frame()[BOOKS].value
        return books is not None and books.books.closed and books.books.stored == 6

    await until(purged, "the books stay closed after a purge")


async def test_a_choice_changes_the_bars_at_once(
    worldcup: World, cup_room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await worldcup.store([prediction("A", "B", "1-0", 1), prediction("C", "D", "2-2", 3)])
    await until(lambda: cup_room.frame()[TALLIES].value, "tallies")
    feed = cup_room._feeds[TALLIES.name]
    feed.source.period = 600
    monkeypatch.setattr(feed, "wake", lambda: None)
    since = time.time()
    feed.hurry()

    def rests() -> bool:
        measured = cup_room.frame()[TALLIES].measured or 0
        return since < measured < time.time() - 1

    await until(rests, "it will not ask by itself for long")

    def chosen() -> bool:
        tallies = cup_room.frame(chosen=("3",))[TALLIES].value
        return tallies is not None and [row.labels for row in tallies.rows] == [("2-2",)]

    await until(chosen, "the bars of phase 3")


async def test_a_source_that_is_away_says_so_alone(bands_room: Room, bands: World) -> None:
    target = bands_room.target
    assert isinstance(target, QuietTarget)
    right = bands.engines.kafka
    target.move(kafka="127.0.0.1:9")
    await until(lambda: bands_room.frame()[TALLIES].health.ok, "tallies are live")
    await until(lambda: bands_room.frame()[QUEUES].health.state == "reconnecting", "Kafka is away")
    frame = bands_room.frame()
    assert frame[QUEUES].health.error == "Kafka cannot be reached"
    assert frame[TALLIES].health.ok
    target.move(kafka=right)
    bands_room.retry("queues")
    await until(lambda: bands_room.frame()[QUEUES].health.ok, "Kafka is back")


async def test_a_recording_of_a_real_room_makes_the_same_frames(
    bands: World, bands_room: Room, tmp_path: Path
) -> None:
    recorder = begun(tmp_path / "a.crec", bands_room.head(time.time()))
    bands_room.record(recorder)
    given: list[Report] = []
    bands_room.record(Listener(given))  # type: ignore[arg-type]
    await bands.produce([vote()] * 6)
    await bands.store([vote()] * 6)
    sources = {key.name for key in KEYS}
    await until(lambda: {one.source for one in given} >= sources, "every source has told", 60)
    await bands_room.stop()
    head = bands_room.head(0.0)
    named = (head.scenario, head.title, head.target)
    live = Board(*named, periods=head.periods, limits=head.limits)
    player = Player(Recording(tmp_path / "a.crec"))
    for report, following in pairwise(one for one in given if one.source in SOURCES):
        live.apply(report)
        if following.at > report.at:
            at = (report.at + following.at) / 2
            assert player.frame(at) == live.frame(at)


class Listener:
    """Remembers what a recorder is told."""

    def __init__(self, given: list[Report]) -> None:
        self.put = given.append

    def close(self) -> None:
        """Nothing to end."""


async def test_a_room_keeps_its_hours_and_the_next_one_begins_with_them(
    bands: World, tmp_path: Path
) -> None:
    def lag(room: Room) -> Sequence[object]:
        return next(curve.points for curve in room.frame().past if curve.name == "lag")

    async for room in room_of(bands, tmp_path):
        await until(partial(lag, room), "the lag is known", 60)
        first = lag(room)[0]

    def begins(room: Room) -> bool:
        return first in lag(room)

    async for room in room_of(bands, tmp_path):
        await until(partial(begins, room), "it begins with what was kept", 60)
