"""How often sources are asked, as the setting has it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from controlroom.feeds.feed import Feed
from controlroom.feeds.pacing import slowed
from controlroom.model.board import RATE_SECONDS, STALE_LEAST, STALE_PERIODS
from controlroom.model.frame import OF_TARGET
from controlroom.model.samples import Report
from controlroom.settings import RANGES, Settings
from controlroom.wiring import Room
from scenarios.loading import load
from tests.feeds.test_feed import Counting, running
from tests.room.test_added import Away
from tests.waiting import until

LOW, HIGH = RANGES["pace"]
SHARED = {key.name for key in OF_TARGET}


def room(tmp_path: Path, pace: int) -> Room:
    """One whose target is away."""
    return Room(load("bands"), Away(), Settings(state_dir=tmp_path, pace=pace))  # type: ignore[arg-type]


@pytest.mark.parametrize("pace", [LOW, 2, 3, HIGH])
def test_every_source_of_the_target_is_asked_as_often_as_is_set(tmp_path: Path, pace: int) -> None:
    usual, asked = (room(tmp_path, each)._feeds for each in (1, pace))
    assert set(usual) >= SHARED
    for name, feed in asked.items():
        times = 1 if name == "runs" else pace
        assert feed.source.period == pytest.approx(usual[name].source.period * times)


@pytest.mark.parametrize("pace", range(LOW, HIGH + 1))
def test_a_calm_source_is_neither_stale_nor_without_a_rate(tmp_path: Path, pace: int) -> None:
    made = room(tmp_path, pace)
    for name, feed in made._feeds.items():
        wait = max(feed.source.period, getattr(feed.source, "calm_period", 1.0))
        assert wait < max(STALE_PERIODS * feed.source.period, STALE_LEAST), name
        assert made._periods[name] == feed.source.period
    tallies = made._feeds["tallies"].source
    assert max(tallies.period, getattr(tallies, "calm_period", 1.0)) < RATE_SECONDS


async def test_between_two_questions_lies_at_least_that_time() -> None:
    source, at = Counting(), []
    source.period = 0.01
    slowed([source], 5)

    def told(report: Report) -> None:
        source.lag += 1
        at.append(report.at)

    begun = time.time()
    async with running(Feed(source, told)):
        await until(lambda: len(at) > 5, "it is asked some times")
    assert at[-1] - begun > (len(at) - 1) * 0.05 - 0.001
