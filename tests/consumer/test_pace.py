"""A store that takes long gets less at a time, and more once it is quick."""

from __future__ import annotations

import asyncio

import pytest

from services.consumer.pace import LEAST, MOST, QUICK, SLOTS, SLOW, Pace
from wire.documents import DocumentsError


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.away = 0.0
        monkeypatch.setattr("services.consumer.pace.monotonic", lambda: self.now)

    async def latency(self) -> float:
        """How far the store is away, as `away` was set."""
        return self.away


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def insert(one: Pace, clock: Clock, seconds: float, share: float = 1.0) -> None:
    """An insert that takes so long, with that share of the documents that it may have."""
    clock.now += 0.001
    async with one.insert() as turn:
        turn.had = int(share * turn.most)
        clock.now += seconds


async def test_it_begins_with_one_insert_and_grows_to_all_that_are_allowed(clock: Clock) -> None:
    one = Pace(clock.latency)
    seen = []
    for _ in range(SLOTS + 1):
        seen.append(one.slots)
        await insert(one, clock, QUICK)
    assert seen == [1, 2, 3, 4, 4]
    assert one.size == MOST


@pytest.mark.parametrize("share", [0.0, 0.5])
async def test_inserts_that_are_not_full_do_not_say_that_there_may_be_more(
    clock: Clock, share: float
) -> None:
    one = Pace(clock.latency)
    for _ in range(SLOTS):
        await insert(one, clock, 0.01, share)
    assert one.slots == 1


async def test_a_slow_store_gets_less_down_to_the_least_and_more_when_it_is_quick(
    clock: Clock,
) -> None:
    one = Pace(clock.latency)
    for _ in range(SLOTS):
        await insert(one, clock, QUICK)
    seen = []
    for _ in range(8):
        await insert(one, clock, SLOW + 0.1)
        seen.append((one.slots, one.size))
    assert seen[:4] == [(2, MOST), (1, MOST), (1, MOST // 2), (1, MOST // 4)]
    assert seen[-1] == (1, LEAST)
    for _ in range(4 + SLOTS):
        await insert(one, clock, QUICK)
    assert (one.slots, one.size) == (SLOTS, MOST)


async def test_a_long_way_to_the_store_is_no_reason_to_send_less(clock: Clock) -> None:
    one = Pace(clock.latency)
    clock.away = 3.0
    for _ in range(SLOTS):
        await insert(one, clock, clock.away + QUICK)
    assert (one.slots, one.size) == (SLOTS, MOST)


async def test_inserts_that_were_under_way_together_slow_down_once(clock: Clock) -> None:
    one = Pace(clock.latency)
    for _ in range(SLOTS):
        await insert(one, clock, QUICK)
    began, over = [asyncio.Event() for _ in range(SLOTS)], asyncio.Event()

    async def together(number: int) -> None:
        async with one.insert():
            began[number].set()
            await over.wait()
            raise DocumentsError("timed out")

    running = asyncio.gather(*(together(n) for n in range(SLOTS)), return_exceptions=True)
    for each in began:
        await each.wait()
    clock.now += 10.0
    over.set()
    await running
    assert (one.slots, one.size) == (1, MOST // 2)
