"""From records to what the stores are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from scenarios.loading import load
from services.consumer.prepared import PreparedBatch, Preparer
from wire.batches import Unreadable
from wire.record import MAX_AT, encode_rejected, headers

VOTE = {"name": "Caifanes", "album": "El Silencio", "year": 1992, "rank": 4}


def record(offset: int, value: bytes, origin: str = "") -> ConsumerRecord:
    given = headers(f"e{offset}", origin) if origin else ()
    return ConsumerRecord(
        "bands.events", 3, offset, 1_000, 0, None, value, None, 0, len(value), tuple(given)
    )


@pytest.fixture
def preparer() -> Preparer:
    return Preparer(load("bands"))


def test_an_event_becomes_a_document_and_its_tallies(preparer: Preparer) -> None:
    records = [record(offset, json.dumps(VOTE).encode(), "grpc") for offset in (5, 6)]
    prepared = PreparedBatch("T:3", 4, last=6)
    for each in records:
        preparer.events(prepared, [each], 1_250)
    assert prepared.documents[0] == {
        "_id": "T:3#5",
        "tp": "T:3",
        "o": 5,
        "id": "e5",
        "origin": "grpc",
        "at": 1_000,
        "stored": 1_250,
        "event": VOTE,
    }
    assert prepared.tallies == {
        ("hash", "votes", "Caifanes:El Silencio"): 2,
        ("hash", "rank", "Caifanes:El Silencio"): 8,
    }
    assert +prepared.totals == {"counted": 2}


FOREIGN: list[bytes] = [
    json.dumps({"Name": "Caifanes", "Album": "El Silencio", "Year": "1992", "Rank": "4"}).encode(),
    json.dumps({"artist": "Caifanes", **{k: VOTE[k] for k in ("album", "year", "rank")}}).encode(),
    b"Name:Caifanes,Album:El Silencio,Year:1992,Rank:4",
    json.dumps(VOTE).encode() + b"\n",
]


@pytest.mark.parametrize("value", FOREIGN)
def test_foreign_forms_are_the_same_event(preparer: Preparer, value: bytes) -> None:
    prepared = PreparedBatch("T:3", -1, last=9)
    preparer.events(prepared, [record(0, value)], 2_000)
    document = prepared.documents[0]
    assert document["event"] == VOTE
    assert (document["id"], document["origin"]) == ("T:3#0", "kafka")


def test_a_list_becomes_documents_with_sub_ids(preparer: Preparer) -> None:
    value = json.dumps({"lista": [VOTE, {**VOTE, "rank": "no"}, VOTE]}).encode()
    prepared = PreparedBatch("T:3", 8, last=9)
    preparer.events(prepared, [record(9, value)], 2_000)
    assert [each["_id"] for each in prepared.documents] == ["T:3#9.0", "T:3#9.2"]
    assert [each["_id"] for each in prepared.rejected] == ["T:3#9.1"]
    assert prepared.rejected[0]["reason"][0]["field"] == "rank"
    assert prepared.totals == {"counted": 2, "dead": 1, "extra": 2}


POISON: list[Any] = [b"", b"\xff\xfe", b"{", b"null", b"[]", b'{"lista":[]}', b"x" * 9_000, None]


@pytest.mark.parametrize("value", POISON)
def test_poison_is_kept_with_its_reason(preparer: Preparer, value: bytes | None) -> None:
    poison = ConsumerRecord("bands.events", 3, 9, 1_000, 0, None, value, None, 0, 0, ())
    prepared = PreparedBatch("T:3", 8, last=9)
    preparer.events(prepared, [poison], 2_000)
    assert prepared.documents == []
    assert prepared.rejected[0]["reason"][0]["message"]
    assert len(prepared.rejected[0]["value"].encode()) <= 4_096 * 3
    assert +prepared.totals == {"dead": 1}


def test_what_producers_rejected_keeps_their_reason(preparer: Preparer) -> None:
    reason = [{"field": "rank", "message": "is missing"}]
    value = encode_rejected('{"name":1}', reason, "http")
    prepared = PreparedBatch("R:0", -1, last=9)
    preparer.refused(prepared, [record(0, value), record(1, b"{")], 2_000)
    assert prepared.rejected[0]["reason"] == reason
    assert prepared.rejected[0]["origin"] == "http"
    assert prepared.rejected[1]["reason"][0]["message"]
    assert prepared.totals == {"refused": 2}
    assert prepared.tallies == {}


def test_each_offset_of_what_cannot_be_read_is_one_that_was_rejected(preparer: Preparer) -> None:
    # read again from behind its first two offsets
    unreadable = Unreadable(9, 3, 0, b"\x00\xff" * 300, "has a wrong checksum")
    prepared = PreparedBatch("T:3", 4, last=10)
    preparer.events(prepared, [unreadable, record(10, json.dumps(VOTE).encode())], 2_000)
    assert +prepared.totals == {"counted": 1, "dead": 5}
    (kept,) = prepared.rejected
    assert (kept["_id"], kept["first"], kept["o"]) == ("T:3#9", 3, 9)
    assert kept["reason"][0]["message"] == "cannot be read: the batch has a wrong checksum"
    assert kept["value"].startswith("00ff00ff 00ff")


def test_headers_above_any_limit_are_not_looked_at(preparer: Preparer) -> None:
    value = json.dumps(VOTE).encode()
    given = (("id", b"i" * 5_000), ("once", b"1"), ("origin", b"o" * 5_000))
    giant = ConsumerRecord("bands.events", 3, 5, None, 0, None, value, None, 0, 9, given)
    prepared = PreparedBatch("T:3", 4, last=5)
    preparer.events(prepared, [giant], 2_000)
    (document,) = prepared.documents
    assert (document["id"], document["origin"], document["at"]) == ("T:3#5", "kafka", 0)
    assert prepared.changes is None


@pytest.mark.parametrize(("given", "kept"), [(-1, 0), (-(1 << 63), 0), ((1 << 63) - 1, MAX_AT)])
def test_a_time_that_no_calendar_has_is_bounded(preparer: Preparer, given: int, kept: int) -> None:
    value = json.dumps(VOTE).encode()
    prepared = PreparedBatch("T:3", 4, last=5)
    odd = ConsumerRecord("bands.events", 3, 5, given, 0, None, value, None, 0, 9, ())
    preparer.events(prepared, [odd], 2_000)
    (document,) = prepared.documents
    assert document["at"] == kept
    assert datetime.fromtimestamp(document["at"] / 1000, UTC)
