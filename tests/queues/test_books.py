"""The rules of the product's queues, and how the room tells them."""

from __future__ import annotations

from typing import Any

import pytest

from controlroom.commands.books import shown
from controlroom.model.books import BooksSample
from controlroom.model.frame import BOOKS
from controlroom.settings import Settings
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from wire.books import Books, Figures, Totals
from wire.committed import Committed
from wire.queues.direct.books import DirectAccount
from wire.queues.logs import balance
from wire.queues.pubsub.books import balance as pubsub_balance
from wire.queues.pubsub.names import Numbers
from wire.queues.registry import queue_kinds
from wire.queues.streams.books import StreamsBooks


def figures(**given: Any) -> Figures:
    """Ten events of one log, all handled."""
    usual: dict[str, Any] = {
        "scenario": "bands",
        "acknowledged": 10,
        "committed_offsets": {"a:0": 9},
        "totals": Totals(counted=10),
        "found": 10,
    }
    return Figures(**{**usual, **given})


async def direct(given: Figures) -> Books:
    return (await DirectAccount().look(Committed({}, {}, Totals(), 0)))(given)


def streams(given: Figures, end: int = 10) -> Books:
    found = balance(given, {"a:0": end})
    return StreamsBooks(streams=found.taken, **found.rest)


def pubsub(given: Figures, sent: int = 10, heard: int = 10, alive: bool = True) -> Books:
    return pubsub_balance(given, {"a": Numbers(sent, heard)}, alive)


async def test_all_of_them_close_and_are_told() -> None:
    every = (await direct(figures()), streams(figures()), pubsub(figures()))
    for books in every:
        assert books.closed
        assert books.taken == 10
        told = shown(books, Settings())
        assert told.endswith("the books close")
        # four rows, of figures that are told, each with its number
        assert len(books.pairs) == 4
        assert {name for pair in books.pairs for name in pair} <= set(books.to_json())
        room = room_of(frames.calm().having(BOOKS, frames.live(BooksSample(books))))
        async with room.run_test(size=(140, 40)) as pilot:
            await pilot.pause()
            assert "closed" in screen_text(room)


async def test_a_document_that_is_gone_keeps_each_of_them_open() -> None:
    given = figures(found=9)
    every = (await direct(given), streams(given), pubsub(given))
    assert [books.faults for books in every] == [True, True, True]
    assert [books.to_json()[n] for books, n in zip(every, ("lost", "lost", "missing"), strict=True)]
    doubled = figures(found=11)
    every = (await direct(doubled), streams(doubled), pubsub(doubled))
    assert [books.doubled for books in every] == [1, 1, 1]


async def test_what_was_forgotten_is_lost_and_the_way_back_is_named() -> None:
    given = figures(acknowledged=14)
    for books in (await direct(given), streams(given)):
        assert (books.lost, books.broker_lost, books.faults) == (4, 4, True)
        assert "tallies rebuild" in books.remark
    assert not streams(figures(acknowledged=14, settled=4)).faults
    assert streams(figures(), end=13).in_flight == 3


def test_what_pubsub_lost_is_no_fault_and_what_is_in_flight_lives_with_a_subscriber() -> None:
    books = pubsub(figures(acknowledged=20), sent=20, heard=14)
    assert (books.in_flight, books.lost, books.faults) == (4, 6, False)
    books = pubsub(figures(acknowledged=20), sent=20, heard=14, alive=False)
    assert (books.in_flight, books.lost, books.closed) == (0, 10, True)
    # what its judges have counted as missing
    books = pubsub(figures(totals=Totals(counted=7, gaps=3), found=7))
    assert (books.to_json()["delivered"], books.lost, books.faults) == (7, 3, False)
    # Redis has forgotten what a producer said that is gone
    books = pubsub_balance(figures(), {}, alive=True)
    assert (books.taken, books.lost, books.doubled) == (10, 0, 0)


@pytest.mark.parametrize(
    ("name", "replayable", "stores"),
    [
        ("kafka", True, False),
        ("streams", True, False),
        ("direct", True, True),
        ("pubsub", False, False),
    ],
)
def test_each_says_what_it_is(name: str, replayable: bool, stores: bool) -> None:
    kind = queue_kinds()[name]
    assert (kind.name, kind.replayable, kind.stores) == (name, replayable, stores)
    assert kind.acknowledged.endswith(".")
