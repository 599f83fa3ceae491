"""The comparison finds each kind of damage; so a clean verdict says something."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from controlroom.torture import protobuf
from controlroom.torture.compare import Comparison, Expected, Found, SentEvents, compare
from controlroom.torture.numbers import Ids, Seen
from controlroom.torture.torture_run import disagreements
from scenarios.events import EventCodec
from scenarios.loading import load
from tests.conftest import ROOT
from wire.keys import OTHERS

EVENTS = 20


def seen(numbers: range) -> Seen:
    made = Seen()
    for number in numbers:
        made.add(number)
    return made


def world() -> tuple[SentEvents, Found]:
    """Everything arrived: EVENTS acknowledged events, and one more that nobody was told of."""
    total = EVENTS + 1
    sent = SentEvents(acknowledged=seen(range(EVENTS)), refused=seen(range(100, 103)))
    found = Found(
        kafka=seen(range(total)),
        documents=seen(range(total)),
        rejected=seen(range(100, 103)),
        events=total,
        stored=total,
        tallies={("votes", "a"): total, ("rank", "a"): 3 * total},
        expected={("votes", "a"): total, ("rank", "a"): 3 * total},
        counting={"votes"},
    )
    return sent, found


def without(counts: Seen, number: int) -> Seen:
    made = Seen()
    for each in counts:
        if each != number:
            made.add(each)
    return made


def test_a_whole_world_is_clean() -> None:
    verdict = compare(*world())
    assert verdict.clean
    assert (verdict.lost, verdict.doubled, verdict.unconfirmed) == (0, 0, 1)
    assert (verdict.acknowledged, verdict.kafka, verdict.stored) == (EVENTS, EVENTS + 1, EVENTS + 1)


def no_record(sent: SentEvents, found: Found) -> None:
    found.kafka = without(found.kafka, 3)
    found.documents = without(found.documents, 3)
    found.events -= 1
    found.stored -= 1


def no_document(sent: SentEvents, found: Found) -> None:
    found.documents = without(found.documents, 3)
    found.stored -= 1


def not_counted(sent: SentEvents, found: Found) -> None:
    found.tallies = {**found.tallies, ("votes", "a"): EVENTS}


def not_kept(sent: SentEvents, found: Found) -> None:
    found.rejected = without(found.rejected, 101)


def foreign_document_gone(sent: SentEvents, found: Found) -> None:
    found.stored -= 1


@pytest.mark.parametrize(
    "damage", [no_record, no_document, not_counted, not_kept, foreign_document_gone]
)
def test_one_lost_event_is_one(damage: Callable[[SentEvents, Found], None]) -> None:
    sent, found = world()
    damage(sent, found)
    verdict = compare(sent, found)
    assert (verdict.lost, verdict.doubled) == (1, 0)
    assert not verdict.clean


def twice_on_kafka(sent: SentEvents, found: Found) -> None:
    found.kafka.add(3)


def more_often_than_it_was_sent(sent: SentEvents, found: Found) -> None:
    sent.tried([3, 3])
    for _ in range(2):
        found.kafka.add(3)


def twice_stored(sent: SentEvents, found: Found) -> None:
    found.documents.add(3)
    found.stored += 1


def twice_counted(sent: SentEvents, found: Found) -> None:
    found.tallies = {**found.tallies, ("votes", "a"): EVENTS + 2}


def from_nowhere(sent: SentEvents, found: Found) -> None:
    found.documents.add(77)
    found.stored += 1


def kept_twice(sent: SentEvents, found: Found) -> None:
    found.rejected.add(101)


@pytest.mark.parametrize(
    "damage",
    [
        twice_on_kafka,
        more_often_than_it_was_sent,
        twice_stored,
        twice_counted,
        from_nowhere,
        kept_twice,
    ],
)
def test_one_doubled_event_is_one(damage: Callable[[SentEvents, Found], None]) -> None:
    sent, found = world()
    damage(sent, found)
    verdict = compare(sent, found)
    assert (verdict.lost, verdict.doubled) == (0, 1)


def test_what_was_sent_again_may_be_on_kafka_again() -> None:
    sent, found = world()
    sent.tried([3, 3])
    found.kafka.add(3)
    found.repeated = 1
    verdict = compare(sent, found)
    assert verdict.clean
    assert verdict.repeated == 1


def test_a_wrong_sum_is_no_clean_world() -> None:
    sent, found = world()
    found.tallies = {**found.tallies, ("rank", "a"): 1}
    verdict = compare(sent, found)
    assert (verdict.lost, verdict.doubled, verdict.clean) == (0, 0, False)
    assert verdict.counted_wrong == (f"rank a: 1, expected {3 * (EVENTS + 1)}",)


def test_books_that_say_otherwise_are_named() -> None:
    verdict = compare(*world())
    books = {
        "lost": 0,
        "doubled": 0,
        "in_flight": 0,
        "repeated": 0,
        "acknowledged": verdict.acknowledged,
        "stored": verdict.stored,
    }
    assert disagreements(verdict, books) == []
    for name, value in (("lost", 1), ("doubled", 2), ("in_flight", 3), ("repeated", 4)):
        assert len(disagreements(verdict, {**books, name: value})) == 1
    for name in ("acknowledged", "stored"):
        assert len(disagreements(verdict, {**books, name: EVENTS - 1})) == 1


def test_counters_follow_from_the_values_on_kafka() -> None:
    scenario = load("bands")
    expected = Expected(EventCodec(scenario))
    vote = {"name": "A", "album": "B", "year": 2000, "rank": 4}
    for value in (vote, vote, {"lista": [vote, {"name": "A"}]}):
        expected.add(json.dumps(value).encode())
    expected.add(b"no event at all")
    assert expected.events == 3
    assert expected.tallies == {("votes", "A:B"): 3, ("rank", "A:B"): 12}
    assert expected.counting == {"votes"}


def test_a_kind_of_tally_that_was_added_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTROLROOM_TALLIES", str(ROOT / "tests/reader/added/tallies"))
    scenario = load("bands")
    votes, rank = scenario.tallies
    expected = Expected(
        EventCodec(replace(scenario, tallies=(votes, replace(rank, kind="highest"))))
    )
    expected.add(json.dumps({"name": "A", "album": "B", "year": 2000, "rank": 4}).encode())
    assert expected.tallies == {("votes", "A:B"): 1}
    assert expected.unjudged == {"rank"}


def test_ids_are_read_back_wherever_they_stand() -> None:
    ids = Ids("t1")
    assert [ids.take(), ids.take(10), ids.take()] == [0, 1, 11]
    assert ids.number(ids.text(11)) == 11
    assert ids.number(f"{ids.text(1)}.4") == 5
    assert ids.number(f'{{"name": "{ids.text(7)}"}}') == 7
    assert ids.number("t2-7") is None


def test_messages_are_those_of_the_contract() -> None:
    from services.pb import controlroom_pb2 as pb

    events = [protobuf.event(f"id-{n}", b"x" * n) for n in (0, 1, 127, 128, 20_000)]
    assert [e.json for e in pb.Batch.FromString(protobuf.batch(events)).events] == [
        b"x" * n for n in (0, 1, 127, 128, 20_000)
    ]
    assert pb.Event.FromString(events[1]).id == "id-1"
    for accepted in (0, 1, 127, 128, 70_000):
        receipt = pb.Receipt(accepted=accepted).SerializeToString()
        assert protobuf.accepted(receipt) == accepted


def test_a_verdict_keeps_few_traces() -> None:
    sent, found = world()
    found.documents = Seen()
    found.stored = 0
    verdict: Comparison = compare(sent, found)
    assert verdict.lost == EVENTS + 1
    assert len(verdict.missing) < EVENTS


def test_what_had_no_place_in_a_full_tally_is_expected_under_others() -> None:
    sent, found = world()
    total = EVENTS + 1
    found.expected = {("votes", "a"): total - 5, ("votes", "b"): 2, ("votes", "c"): 3}
    found.tallies = {("votes", "a"): total - 5, ("votes", OTHERS): 5}
    assert compare(sent, found).clean
    found.tallies = {("votes", "a"): total - 5, ("votes", OTHERS): 4}
    verdict = compare(sent, found)
    assert (verdict.lost, verdict.doubled) == (1, 0)
