"""What a power cut takes: the log is cut at a batch, and what nobody had read is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.torture.compare import Gone, compare, without
from controlroom.torture.numbers import Seen
from scenarios.events import EventCodec
from scenarios.loading import load
from tests.own_stack import OwnStack
from tests.torture.test_compare import EVENTS, world

EVENT = b'{"name": "a", "album": "b", "year": 1990, "rank": 3}'


def seen(*numbers: int) -> Seen:
    made = Seen()
    for number in numbers:
        made.add(number)
    return made


def test_what_the_broker_lost_is_not_lost_otherwise() -> None:
    sent, found = world()
    codec = EventCodec(load("bands"))
    found.expected = {("votes", "a:b"): EVENTS + 1}
    found.counting = {"votes"}
    # of number 3 the only record was cut, of number 4 the first of two
    found.kafka.add(4)
    sent.tried([4, 4])
    found.repeated = 1
    event = codec.decode_value(EVENT)[0]
    assert isinstance(event, dict)
    writes = {(w.key, w.member): w.amount for w in codec.tally_writes(event)}
    found.expected = {place: (EVENTS + 1) * amount for place, amount in writes.items()}
    found.tallies = {place: EVENTS * amount for place, amount in writes.items()}
    found.documents = seen(*(n for n in range(EVENTS + 1) if n != 3))
    found.stored = EVENTS
    assert not compare(sent, found).clean
    gone = [Gone(3, True, EVENT), Gone(4, True, EVENT)]
    verdict = compare(sent, without(found, gone, codec))
    assert verdict.clean, verdict
    assert (verdict.broker_lost, verdict.gone, verdict.repeated) == (1, 2, 0)
    # an event that is lost besides is still seen
    found.documents = seen(*(n for n in range(EVENTS + 1) if n not in (3, 9)))
    assert compare(sent, without(found, gone, codec)).lost == 1


@pytest.mark.engines
@pytest.mark.timeout(420)
def test_a_power_cut_is_seen_and_nothing_else_is_lost(tmp_path: Path) -> None:
    shell = OwnStack(tmp_path / "unused")
    words = ("--faults", "0", "--seed", "5", "--phases", "power,counter", "--json")
    done = shell.run("torture", *words, timeout=400, check=False)
    assert done.code == 0, done
    report = done.json()
    assert (report["lost"], report["doubled"]) == (0, 0)
    assert report["broker_lost"] > 0
    assert report["books"]["settled"] >= report["broker_lost"]
    assert [phase["state"] for phase in report["phases"]] == ["passed", "passed"], report
