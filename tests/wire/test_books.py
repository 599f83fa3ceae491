"""The formulas of the books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from wire.books import Figures, Totals
from wire.queues.kafka.books import KafkaBooks
from wire.queues.kafka.books import balance as balanced

CLOSED = Figures(
    scenario="bands",
    acknowledged=30,
    committed_offsets={"t:0": 19, "t:1": 9},
    totals=Totals(counted=30),
    found=30,
)
ENDS = {"t:0": 20, "t:1": 10}


def balance(figures: Figures, ends: Mapping[str, int] = ENDS) -> KafkaBooks:
    return balanced(figures, ends)


def test_what_arrived_once_closes_the_books() -> None:
    books = balance(CLOSED)
    assert books.closed
    assert books.acknowledged == books.kafka == books.counted == books.stored == 30


def test_an_empty_scenario_is_closed() -> None:
    empty = Figures("bands", 0, {}, Totals(), 0)
    assert balance(empty, {"t:0": 0}).closed


def test_records_beyond_the_fence_are_in_flight_and_not_lost() -> None:
    books = balance(replace(CLOSED, acknowledged=35), {"t:0": 25, "t:1": 10})
    assert (books.in_flight, books.lost, books.doubled) == (5, 0, 0)
    assert not books.closed


def test_a_partition_that_nobody_has_read_is_in_flight() -> None:
    assert balance(CLOSED, {**ENDS, "t:2": 7}).in_flight == 7


@pytest.mark.parametrize("short", [1, 30])
def test_what_is_missing_in_one_store_is_lost(short: int) -> None:
    assert balance(replace(CLOSED, found=30 - short)).lost == short
    assert balance(replace(CLOSED, totals=Totals(counted=30 - short))).lost == short


def test_what_was_acknowledged_and_is_not_in_kafka_is_lost() -> None:
    assert balance(replace(CLOSED, acknowledged=33)).lost == 3


def test_a_loss_in_two_places_is_one_loss() -> None:
    books = balance(replace(CLOSED, found=28, totals=Totals(counted=29)))
    assert books.lost == 2


def test_what_is_more_than_expected_is_doubled() -> None:
    assert balance(replace(CLOSED, totals=Totals(counted=32))).doubled == 2
    assert balance(replace(CLOSED, found=31)).doubled == 1


def test_what_came_from_elsewhere_needs_no_acknowledgement() -> None:
    assert balance(replace(CLOSED, acknowledged=0)).closed


def test_purged_documents_count_as_stored() -> None:
    books = balance(replace(CLOSED, found=4, totals=Totals(counted=30, purged=26)))
    assert books.closed
    assert books.stored == 30


def test_poison_is_rejected_and_not_expected_in_the_stores() -> None:
    totals = Totals(counted=28, dead=2, refused=5)
    books = balance(replace(CLOSED, totals=totals, found=28))
    assert books.closed
    assert books.rejected == 7


def test_what_clients_sent_again_is_not_expected_in_the_stores() -> None:
    totals = Totals(counted=25, dead=2, repeated=3)
    books = balance(replace(CLOSED, totals=totals, found=25))
    assert books.closed
    assert (books.repeated, books.rejected) == (3, 2)
    assert books.kafka == books.counted + books.rejected + books.repeated
    assert balance(replace(CLOSED, totals=totals, found=26)).doubled == 1
    assert balance(replace(CLOSED, totals=totals, found=24)).lost == 1


def test_a_list_in_one_record_does_not_look_doubled() -> None:
    totals = Totals(counted=34, extra=4)
    books = balance(replace(CLOSED, totals=totals, found=34))
    assert books.closed
    assert books.kafka == 30


def test_a_list_with_nothing_good_in_it_does_not_look_lost() -> None:
    totals = Totals(counted=29, dead=3, extra=2)
    assert balance(replace(CLOSED, totals=totals, found=29)).closed


def test_offsets_that_never_held_a_record_are_no_loss() -> None:
    totals = Totals(counted=27, gaps=3)
    books = balance(replace(CLOSED, acknowledged=27, totals=totals, found=27))
    assert books.closed
    assert books.kafka == 27


def test_records_that_the_broker_dropped_unread_are_lost() -> None:
    assert balance(replace(CLOSED, totals=Totals(counted=22), found=22)).lost == 8


def test_a_topic_made_anew_keeps_what_the_old_one_brought() -> None:
    figures = replace(CLOSED, acknowledged=34)
    books = balance(figures, {"new:0": 4})
    assert (books.kafka, books.in_flight, books.lost) == (34, 4, 0)
    gone = balance(replace(figures, acknowledged=36), {"new:0": 4})
    assert gone.lost == 2


def test_the_json_has_exactly_the_fields_of_the_contract() -> None:
    contract = [
        "scenario",
        "acknowledged",
        "kafka",
        "counted",
        "stored",
        "rejected",
        "in_flight",
        "lost",
        "doubled",
    ]
    books = replace(balance(CLOSED), repeated=0, purged=0)
    assert list(books.to_json()) == contract
    assert list(replace(books, repeated=3, purged=2).to_json()) == [*contract, "purged", "repeated"]


def test_what_the_broker_lost_is_said_with_the_way_to_mend_it() -> None:
    assert balance(CLOSED).remark == ""
    # it was acknowledged, and the log ends before
    books = balance(replace(CLOSED, acknowledged=33))
    assert (books.lost, books.broker_lost) == (3, 3)
    for word in (
        "has lost 3 acknowledged",
        "send them again",
        "`controlroom books --settle bands`",
    ):
        assert word in books.remark
    settled = balance(replace(CLOSED, acknowledged=33, settled=3))
    assert (settled.lost, settled.broker_lost, settled.remark) == (0, 0, "")


def test_an_open_transaction_is_said_while_nothing_is_wrong() -> None:
    held = balanced(CLOSED, {**ENDS, "t:0": 25}, {**ENDS, "t:0": 20})
    assert (held.held, held.in_flight) == (5, 5)
    assert held.remark == "an open transaction holds back 5 until its producer ends it"
    lost = balanced(replace(CLOSED, found=29), {**ENDS, "t:0": 25}, {**ENDS, "t:0": 20})
    assert (lost.held, lost.lost, lost.remark) == (5, 1, "")
