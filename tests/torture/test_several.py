"""Several queues at once: where each is entered, what is hit, and whose promise is judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from controlroom.torture.compare import Comparison, Found, SentEvents
from controlroom.torture.doors import Door, system_of
from controlroom.torture.environment import TortureError
from controlroom.torture.faults import BrokenLink, Kill, Stop, own_table, table_of
from controlroom.torture.kept import KeptStores
from controlroom.torture.load import TortureClients
from controlroom.torture.numbers import Ids, Seen
from controlroom.torture.phases import phases_of
from controlroom.torture.report import Report
from controlroom.torture.splits import split_of
from controlroom.torture.stores import TortureStores
from controlroom.torture.together import COUNTERS, side_by_side, together
from controlroom.torture.torture_run import disagreements
from scenarios.events import EventCodec
from scenarios.loading import load
from scenarios.scenario import Scenario
from stack.faults.splitting import lasting
from stack.faults.splitting import split_of as read

OWN = {
    *("grpc-client", "grpcserver", "subscribers", "redis-api", "producer-redis"),
    *("consumer-redis", "producer-streams", "consumer-streams"),
}
NOWHERE = {"redis": "redis://127.0.0.1:9", "mongo": "mongodb://127.0.0.1:9"}
VOTE = ("votes", "a")


def seen(*numbers: int) -> Seen:
    found = Seen()
    for number in numbers:
        found.add(number)
    return found


def sent(*numbers: int) -> SentEvents:
    return SentEvents(acknowledged=seen(*numbers), tries=seen(*numbers), told=len(numbers))


def whole(*numbers: int, **other: Any) -> Found:
    """What lies there of events that arrived, each counted once in one tally."""
    return Found(
        kafka=seen(*numbers),
        documents=seen(*numbers),
        events=len(numbers),
        stored=len(numbers),
        tallies={VOTE: 3},
        expected={VOTE: len(numbers)},
        counting={"votes"},
        **other,
    )


def judged(found: dict[str, Found], acknowledged: int = 2) -> dict[str, Comparison]:
    loads = {"kafka": sent(*range(acknowledged)), "pubsub": sent(0, 1)}
    return side_by_side(loads, found)


@pytest.fixture(scope="module")
def covid() -> Scenario:
    return load("covid")


def test_each_queue_of_covid_is_entered_by_a_door_of_its_own(covid: Scenario) -> None:
    system = system_of(covid, "covid")
    assert system.doors == (
        Door("kafka", "/input", "producer-http", "http"),
        Door("direct", "/greet", "grpc-client", "http"),
        Door("pubsub", "/redispub", "producer-redis", "http", "redis"),
        Door("streams", "/streams", "producer-streams", "http", "streams"),
    )
    assert {part.name for part in system.own} == OWN
    with pytest.raises(TortureError, match="No path of the ingress leads to the queue carrier"):
        system_of(replace(covid, queues=("kafka", "carrier")), "covid")


def test_its_own_services_are_killed_stopped_and_slowed(covid: Scenario) -> None:
    table = own_table(system_of(covid, "covid").own)
    assert {fault.target for fault in table if isinstance(fault, Kill)} == OWN
    assert {fault.target for fault in table if isinstance(fault, Stop)} == OWN
    links = {(f.deployment, f.engine) for f in table if isinstance(f, BrokenLink)}
    assert {("subscribers", "mongo"), ("subscribers", "redis"), ("consumer-redis", "mongo")} < links
    assert not any(deployment in ("grpc-client", "grpcserver") for deployment, _ in links)
    scaled = {f.target for f in table if f.name.startswith("scale ")}
    assert scaled == OWN - {"grpc-client", "grpcserver", "redis-api"}
    assert len({fault.name for fault in (*table, *table_of(covid))}) == len(table) + len(
        table_of(covid)
    )
    assert phases_of(covid) == ()


def test_a_split_keeps_each_event_in_its_queue(covid: Scenario) -> None:
    for door in system_of(covid, "covid").doors:
        split = read(split_of(door)["spec"])
        assert {one.service for one in split.branches} == {door.service, "error-injector"}
        assert (split.paths, split.predicted, lasting(split)) == ((door.path,), 0.5, 6.0)


def test_a_bad_event_of_every_scenario_is_one() -> None:
    for name in ("bands", "covid", "worldcup"):
        scenario = load(name)
        clients = TortureClients("http://127.0.0.1:9", scenario, Ids("t1"), 1)
        bad = {**clients.event(0), clients._spoilt: "spoilt"}
        assert not isinstance(EventCodec(scenario).validate(bad), dict), name


async def test_documents_are_told_apart_by_their_ids_and_logs(covid: Scenario) -> None:
    kafka = TortureStores(NOWHERE, covid, Ids("t1"), "kafka")
    ids = Ids("t1pubsub")
    clients = TortureClients("http://127.0.0.1:9", covid, ids, 1)
    pubsub = KeptStores(NOWHERE, covid, ids, clients, "pubsub")
    for stores in (kafka, pubsub):
        stores._queue_of = {"life:0": "pubsub", "place:0": "direct"}
    whose = Counter(
        name
        for tp, event in (
            ("topic:0", "x"),
            ("life:0", "x"),
            ("place:0", "x"),
            ("new:0", ids.text(3)),
        )
        for name, stores in (("kafka", kafka), ("pubsub", pubsub))
        if stores._mine({"tp": tp, "id": event})
    )
    # what no log is known of is Kafka's, also for a moment that of a log that is too new
    assert whose == {"kafka": 2, "pubsub": 2}
    assert not kafka._mine({"tp": "life:0", "id": ids.text(3)})
    assert clients.origin(0) == "http"
    door = Door("pubsub", "/redispub", "producer-redis", "http", "redis")
    there = TortureClients("http://127.0.0.1:9", covid, ids, 1, door)
    assert there.origin(0) == "redis"
    for each in (clients, there, kafka, pubsub):
        await each.close()


def test_each_queue_has_its_own_verdict_and_the_counters_are_of_all() -> None:
    lossy = replace(whole(0), published=2, delivered=1)
    verdicts = judged({"kafka": whole(0, 1), "pubsub": lossy})
    assert together(verdicts).clean
    assert (verdicts["pubsub"].undelivered, verdicts["pubsub"].lost) == (1, 0)
    assert (together(verdicts).acknowledged, together(verdicts).published) == (4, 2)
    # what may be lost by one queue may not by the other, and no surplus of one fills it up
    verdicts = judged({"kafka": whole(0, 1), "pubsub": lossy}, acknowledged=3)
    assert (verdicts["kafka"].lost, together(verdicts).clean) == (1, False)
    twice = whole(0, 1)
    twice.documents.add(1)
    verdicts = judged({"kafka": whole(0, 1), "pubsub": replace(twice, published=2, delivered=2)})
    assert (verdicts["pubsub"].doubled, verdicts["kafka"].doubled) == (1, 0)
    for counted, wrong in ((2, (1, 0)), (4, (0, 1))):
        last = replace(lossy, tallies={VOTE: counted})
        verdicts = judged({"kafka": whole(0, 1), "pubsub": last})
        assert (verdicts[COUNTERS].lost, verdicts[COUNTERS].doubled) == wrong
        assert together(verdicts).counted_wrong == (f"votes a: {counted}, expected 3",)


def test_members_that_are_there_or_not_count_once_over_all_queues() -> None:
    there = ("bands", "a")
    found = {
        name: Found(tallies={there: 1}, expected={there: 1}, sets={there})
        for name in ("kafka", "pubsub")
    }
    assert together(side_by_side(dict.fromkeys(found, SentEvents()), found)).clean


def test_a_report_tells_each_queue_and_whose_death_a_split_has_outlived() -> None:
    verdicts = judged({"kafka": whole(0, 1), "pubsub": replace(whole(0), published=2, delivered=1)})
    report = Report(7, "kafka, pubsub", verdict=together(verdicts), queues=verdicts)
    report.splits = {"nobody": 2, "runner": 1}
    report.books = {"lost": 1, "queues": {"kafka": {"lost": 0}, "pubsub": {"lost": 1}}}
    told = report.to_json()
    assert told["queues"]["pubsub"] == {
        "acknowledged": 2,
        "stored": 1,
        "lost": 0,
        "doubled": 0,
        "published": 2,
        "undelivered": 1,
    }
    assert told["splits"] == report.splits
    text = report.text()
    assert "splits           killed meanwhile: nobody 2 runner 1" in text
    assert "books pubsub     lost 1" in text
    assert disagreements(verdicts["kafka"], {}) == ["no answer"]
