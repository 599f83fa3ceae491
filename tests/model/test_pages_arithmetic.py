"""What pages compute: quantiles, the chain to the limit, paces, reasons, what is looked for."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from controlroom.feeds.finding import asked_of, fields_of
from controlroom.model.chain import chain, help_of, sentence
from controlroom.model.document import Stored, StoredRecord, way
from controlroom.model.finding import moment
from controlroom.model.needle import Needle, NeedleError
from controlroom.model.partitions import Paces, Partition
from controlroom.model.pod_line import readable
from controlroom.model.rejections import Rejections, rejection
from controlroom.model.routes import Route, Routes, parse
from scenarios.loading import load
from scenarios.templates import captured

INF = float("inf")


def series(figure: float, **labels: str) -> dict[str, object]:
    """One series of an answer of Prometheus."""
    return {"metric": labels, "value": [0, str(figure)]}


def test_buckets_are_told_apart_and_quantiles_lie_straight_within_one() -> None:
    where = {"deployment": "consumer", "direction": "outbound", "dst_deployment": "redis"}
    counts = {"1": 50.0, "2": 90.0, "10": 100.0, "+Inf": 100.0}
    buckets = [series(figure, le=bound, **where) for bound, figure in counts.items()]
    answers = [series(99, classification="success", **where)]
    answers.append(series(1, classification="failure", **where))
    (route,) = parse(buckets, answers, 10).rows
    assert (route.deployment, route.direction, route.to) == ("consumer", "outbound", "redis")
    assert route.counts == (50, 40, 10, 0)
    assert (route.rps, route.success) == (10, 0.99)
    assert route.quantile(0.25) == pytest.approx(0.5)
    assert route.quantile(0.5) == pytest.approx(1.0)
    assert route.quantile(0.95) == pytest.approx(6.0)


def test_what_is_slower_than_every_bound_is_at_the_last_one_and_nothing_is_none() -> None:
    assert Route("a", "inbound", "x", 1, 1, (1, INF), (0, 5)).quantile(0.5) == 1
    assert Route("a", "inbound", "x", 1, 1, (1, INF), (0, 0)).quantile(0.5) is None


def route(deployment: str, to: str, p99: float, direction: str = "outbound") -> Route:
    """A route of which every answer took about so many ms."""
    return Route(deployment, direction, to, 10, 1.0, (p99 - 1, p99, INF), (0, 100, 0))


def test_the_slowest_hop_is_another_one_than_the_deployment_itself() -> None:
    own = [route("producer-grpc", "producer-grpc", 90), route("producer-grpc", "kafka", 40)]
    slowest = Routes(tuple(own), 10).slowest("producer-grpc")
    assert slowest is not None
    assert slowest.to == "kafka"
    assert Routes((), 10).slowest("producer-grpc") is None


def test_the_limit_is_said_with_its_share_and_its_p99() -> None:
    busy = {"producer": 0.2, "sending": 0.1, "consumer": 0.3, "redis": 0.05, "documents": 0.82}
    rows = (route("producer-http", "default", 20, "inbound"), route("consumer", "mongo", 44))
    told = chain(busy, Routes(rows, 10), 5000, "documents")
    names = [part.name for part in told.parts]
    assert names[0] == "producer-http"
    assert names[-4:] == ["queue", "consumers", "redis", "documents"]
    assert "82% of the consumers' time" in sentence(told)
    assert "p99 is 44.0 ms" in sentence(told)
    assert "store" in help_of(told)
    calm = chain({}, Routes((), 10), None, "")
    assert sentence(calm) == "Nothing is at its limit: nothing queues."


def test_a_partition_has_a_pace_once_it_was_seen_twice() -> None:
    paces = Paces()
    first = Partition("kafka", 3, 100, 0, 1000, 900)
    paces.note(10.0, [first])
    assert paces.of(first).grows is None
    then = Partition("kafka", 3, 60, 0, 1100, 1040)
    paces.note(14.0, [then])
    pace = paces.of(then)
    assert (pace.comes, pace.goes, pace.grows) == (25, 35, -10)
    assert pace.drained_in(60) == pytest.approx(6)
    assert pace.drained_in(0) is None


def test_reasons_are_counted_and_a_repetition_is_one() -> None:
    place = {"origin": "http", "at": 1000, "stored": 2000, "value": "{}"}
    wrong = [{"field": "rank", "message": "is no number"}]
    twice = [{"field": "", "message": "repeats an event that has the same id"}]
    documents = [
        {**place, "_id": "t:0#1", "reason": wrong},
        {**place, "_id": "t:0#2", "reason": wrong},
        {**place, "_id": "t:0#3", "reason": twice, "repeats": "t:0#1"},
    ]
    told = Rejections(tuple(map(rejection, documents)), 2, 1)
    found = [(reason.reason, reason.count, reason.repetition) for reason in told.reasons()]
    assert found[0] == ("rank: is no number", 2, False)
    assert found[1][1:] == (1, True)
    assert rejection({**place, "_id": "x", "reason": []}).reason == "no reason is kept"


def test_the_way_of_a_document_says_what_nobody_keeps() -> None:
    document = {"tp": "t:4", "o": 7, "origin": "http", "at": 1000, "stored": 1180}
    steps = way(Stored(document, StoredRecord(1.0, "create", 63, (), "")))
    assert [step.name for step in steps] == ["accepted", "on Kafka", "handed over", "stored"]
    assert steps[2].at is None
    assert way(Stored(document, "gone"))[1].at is None
    assert Stored(document, "gone").waited == pytest.approx(0.18)


@pytest.mark.parametrize(
    ("needle", "fits", "not_"),
    [
        ("caif", "Caifanes", "Bunbury"),
        ("!caif", "Bunbury", "Caifanes"),
        ("/caif.*5$/", "Caifanes 5", "Caifanes 4"),
        ("!/^b/", "Caifanes", "Bunbury"),
        ("a.b", "xa.bx", "axb"),
    ],
)
def test_a_needle_is_a_text_or_an_expression_or_the_contrary(
    needle: str, fits: str, not_: str
) -> None:
    assert Needle(needle).fits(fits)
    assert not Needle(needle).fits(not_)


def test_an_expression_that_is_none_says_so_and_hits_have_places() -> None:
    with pytest.raises(NeedleError, match="no regular expression"):
        Needle("/(/")
    assert Needle("an").spots("Caifanes banana") == [(4, 6), (10, 12), (12, 14)]
    assert Needle("").fits("anything")


def test_a_row_of_a_tally_tells_the_fields_of_its_events() -> None:
    bands = load("bands")
    key = "Soda Stereo:Canción%3A Animal"
    assert fields_of(bands, (), key) == {"name": "Soda Stereo", "album": "Canción: Animal"}
    assert fields_of(bands, (), "one") == {}
    assert captured("{team1}:{team2}:total", "a%3Ab:c:total") == {"team1": "a:b", "team2": "c"}
    assert captured("{team1}:{team2}", "a") == {}
    worldcup = load("worldcup")
    view = worldcup.view
    own = ("1", "Brasil:México")
    found = fields_of(worldcup, own, "2-1")
    assert view.key(worldcup, own)
    assert found["score"] == "2-1"
    assert found["phase"] == "1"


def test_fields_are_compared_in_the_store_with_their_own_kind() -> None:
    bands = load("bands")
    assert asked_of(bands, {"rank": "5", "name": "5", "origin": "http"}) == (
        {"event.rank": 5, "event.name": "5", "origin": "http"},
        {},
    )
    with pytest.raises(ValueError, match="no field ranks"):
        asked_of(bands, {"ranks": "5"})
    with pytest.raises(ValueError, match="whole number"):
        asked_of(bands, {"rank": "x"})


def test_a_line_of_a_service_is_readable_and_any_other_stays() -> None:
    said = {"at": "2026-11-28T01:45:18.030Z", "level": "warning", "service": "consumer"}
    line = json.dumps({**said, "message": "slow", "waited": 3})
    assert readable(line) == "01:45:18.030 WARNING slow waited=3"
    for other in ("plain words", '{"no": "message"}', "{broken", "[1]"):
        assert readable(other) == other


def test_a_time_is_so_long_ago_or_of_today_or_whole() -> None:
    now = datetime(2026, 11, 28, 15, 0).timestamp()
    assert moment("10m", now, 600.0) == now - 600
    assert moment("14:05:30", now, None) == datetime(2026, 11, 28, 14, 5, 30).timestamp()
    assert moment("2026-11-27T01:02", now, None) == datetime(2026, 11, 27, 1, 2).timestamp()
    with pytest.raises(ValueError, match="is no time"):
        moment("yesterday", now, None)
