"""Pieces of a batch: nothing is left out, and gaps stay where they belong."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.bridge.messages import MAX_VALUE, Piece, RemoteRecord, batch_of_message, piece_of
from services.queues.batch import Batch, offsets_of
from wire.batches import Unreadable


def record(offset: int, value: bytes | None = b"{}") -> RemoteRecord:
    return RemoteRecord(offset, 1_000 + offset, None, value, [("id", b"e%d" % offset)])


def pieces(batch: Batch, size: int) -> list[Piece]:
    made: list[Piece] = []
    while not made or made[-1].after < len(batch.records):
        made.append(piece_of("s", batch, made[-1].after if made else 0, size))
    return made


def across(made: Sequence[Piece]) -> list[Batch]:
    return [batch_of_message(piece.message) for piece in made]


@pytest.mark.parametrize("size", [1, 300, 1 << 20])
def test_pieces_hold_every_record_as_it_is(size: int) -> None:
    records = [record(0), record(1, None), RemoteRecord(2, 5, b"k", b"", []), record(3), record(4)]
    batch = Batch("s.events", "T", 3, -1, 4, records, end=9)
    made = across(pieces(batch, size))
    assert [r for piece in made for r in piece.records] == records
    assert {(p.topic, p.topic_id, p.partition, p.end) for p in made} == {("s.events", "T", 3, 9)}
    assert [p.expected for p in made] == [-1, *(p.last for p in made[:-1])]
    assert made[-1].last == 4


def test_gaps_are_told_with_the_piece_that_they_lie_in() -> None:
    # 0 to 9 were dropped by the broker; 12, 15 and 16 never held a record
    records = [record(offset) for offset in (10, 11, 13, 14, 17)]
    batch = Batch("s.events", "T", 0, -1, 17, records, gaps=3)
    assert [piece.gaps for piece in across(pieces(batch, 1))] == [0, 0, 1, 0, 2]
    assert [piece.gaps for piece in across(pieces(batch, 1 << 20))] == [3]


def test_a_fence_can_move_over_offsets_without_records() -> None:
    (piece,) = across(pieces(Batch("s.events", "T", 0, 4, 8, gaps=4), 1 << 20))
    assert (piece.expected, piece.last, piece.gaps, list(piece.records)) == (4, 8, 4, [])


def test_missing_offsets_that_are_no_gaps_are_told_nowhere() -> None:
    batch = Batch("s.rejected", "T", 0, -1, 9, [record(3), record(9)])
    assert [piece.gaps for piece in across(pieces(batch, 1))] == [0, 0]


def test_a_value_too_large_to_cross_arrives_cut() -> None:
    batch = Batch("s.events", "T", 0, -1, 0, [record(0, b"1" * (MAX_VALUE + 1))])
    (piece,) = pieces(batch, 1)
    assert not piece.whole
    (arrived,) = batch_of_message(piece.message).records
    assert len(arrived.value or b"") == MAX_VALUE


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_cannot_be_read_crosses_as_what_it_is(size: int) -> None:
    # 0 to 4 are a batch that cannot be read, of which 0 and 1 were counted; 6 is a mark
    unreadable = Unreadable(4, 0, 0, b"\x00\xff", "has a wrong checksum")
    batch = Batch("s.events", "T", 0, 1, 7, [unreadable, record(5), record(7)], gaps=1)
    made = across(pieces(batch, size))
    assert [r for piece in made for r in piece.records] == batch.records
    assert sum(piece.gaps for piece in made) == 1
    assert offsets_of(batch.records, 1) == 3 + 2


def test_headers_that_nobody_looks_at_and_the_rest_of_a_long_key_stay_behind() -> None:
    giant = RemoteRecord(0, 1, b"k" * (9 << 20), b"{}", [("x", b"h" * (9 << 20)), ("id", b"e")])
    (piece,) = pieces(Batch("s.events", "T", 0, -1, 0, [giant]), 1)
    assert piece.message.ByteSize() < MAX_VALUE
    assert across([piece])[0].records[0].headers == [("id", b"e")]
