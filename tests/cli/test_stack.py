"""The verbs on a whole stack: what is sent by HTTP is what they print."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.feeds.world import vote
from tests.own_stack import OwnStack
from tests.waiting import until

BOOKS = [
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
ENDPOINTS = ["ingress", "kafka", "redis", "mongo", "prometheus"]


@pytest.fixture(scope="module")
def voted(stack: OwnStack) -> OwnStack:
    """The stack after some more votes, one of them of a band that nobody else votes for."""
    votes = [vote()] * 30 + [vote("Banda del CLI", "Única", 5)]
    url = stack.endpoints()["ingress"] + "/input"
    answer = httpx.post(url, json=votes, timeout=30)
    assert answer.status_code == 201, answer.text
    for _ in range(20):
        httpx.post(url, json=vote(), timeout=30).raise_for_status()
    return stack


def test_endpoints_are_the_five_endpoints(voted: OwnStack) -> None:
    endpoints = voted.endpoints()
    assert list(endpoints) == ENDPOINTS
    assert httpx.get(endpoints["prometheus"] + "/-/ready").status_code == 200


async def test_books_have_exactly_these_keys_and_close(voted: OwnStack) -> None:
    books = await until(lambda: closed(voted), "the books close", every=0.5)
    assert list(books) == BOOKS
    assert all(isinstance(books[name], int) for name in BOOKS[1:])
    assert books["acknowledged"] == books["kafka"] == books["counted"] == books["stored"]
    assert (books["lost"], books["doubled"]) == (0, 0)
    shown = voted.run("books")
    assert "the books close" in shown.out
    assert shown.err == ""


def closed(stack: OwnStack) -> dict[str, int] | None:
    books = stack.books()
    return books if books["acknowledged"] and not books["in_flight"] else None


async def test_tallies_count_what_was_sent(voted: OwnStack) -> None:
    await until(lambda: closed(voted), "the books close", every=0.5)
    tallies = voted.run("tallies", "--json").json()
    assert tallies["total"] == closed(voted)["counted"]  # type: ignore[index]
    rows = {tuple(row["labels"]): row for row in tallies["rows"]}
    assert rows["Banda del CLI", "Única"]["average"] == 5.0
    assert "Banda del CLI" in voted.run("tallies").out
    wrong = voted.run("tallies", "--phase", "1", check=False)
    assert wrong.code == 2
    assert "Selectors of the scenario bands: none" in wrong.err


async def test_metrics_tell_of_the_traffic(voted: OwnStack) -> None:
    url = voted.endpoints()["ingress"] + "/input"

    def measured() -> dict[str, object] | None:
        httpx.post(url, json=vote(), timeout=30).raise_for_status()
        rows = voted.run("metrics", "--json", "--window", "15").json()["rows"]
        named = {row["deployment"]: row for row in rows}
        producer, consumer = named["producer-http"], named["consumer"]
        return producer if producer["rps"] and consumer["rps"] else None

    row = await until(measured, "producer and consumer have traffic", every=0.3)
    assert row["success"] == 1.0
    assert 0 < row["p50"] <= row["p95"] <= row["p99"]  # type: ignore[operator]
    history = voted.run("metrics", "--history", "1m", "--json").json()
    assert any(point["rps"] for point in history["points"])
    assert "over 30 s" in voted.run("metrics").out


def test_status_names_every_engine_and_deployment(voted: OwnStack) -> None:
    out = voted.run("status").out
    assert out.startswith("local stack: ready · bands")
    for name in ("kafka", "redis", "mongo", "prometheus", "producer-grpc", "consumer", "reader"):
        assert f"\n{name}" in out
    disks = {engine["name"]: engine["disk"] for engine in voted.status()["engines"]}
    for name in ("kafka", "redis", "mongo"):
        assert disks[name]["free"] > disks[name]["reserve"] > 0
        assert not disks[name]["full"]
    assert disks["mongo"]["used"] > 0


async def test_why_is_told_without_a_room(voted: OwnStack) -> None:
    await until(lambda: closed(voted), "the books close", every=0.5)
    (line,) = voted.run("logs", "--field", "name=Banda del CLI", "--json").out.splitlines()
    found = json.loads(line)
    assert found["text"] == "voto Banda del CLI · Única 5"
    place = f"{found['partition']}:{found['offset']}"
    kept = voted.run("logs", "--in", "kafka", "--field", "name=Banda del CLI", "--json").out
    (record,) = map(json.loads, kept.splitlines())
    assert f"{record['partition']}:{record['offset']}" == place
    assert record["topic"] == "bands.events"
    assert place.partition(":")[0] in voted.run("logs", "--partition", place.partition(":")[0]).out
    wrong = voted.run("logs", "--in", "kafka", "--partition", "99", check=False)
    assert wrong.code == 2
    assert "--partition" in wrong.err
    assert "0 to 11" in wrong.err
    told = voted.run("logs", "--at", place, "--json").json()
    assert told["event"]["name"] == "Banda del CLI"
    assert "on Kafka" in voted.run("logs", "--at", place).out
    assert voted.run("logs", "--grep", "/banda del CLX/", "--since", "1h").out == ""
    rows = voted.run("books", "--partitions", "--json").json()["rows"]
    assert {row["member"].rsplit("-", 2)[0] for row in rows} == {"consumer"}
    assert sum(row["end"] for row in rows) >= 51
    routes = voted.run("metrics", "--routes", "--window", "60", "--json").json()["routes"]
    assert {"kafka", "redis", "mongo"} <= {route["to"] for route in routes}
    assert "queue" in voted.run("metrics", "--limit").out
    assert voted.run("logs", "--pod", rows[0]["member"], "--last", "5").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--field", "nobody=1"), "have no field nobody"),
        (("--field", "name"), "is no NAME=VALUE"),
        (("--grep", "/(/"), "no regular expression"),
        (("--since", "soon"), "is no time"),
        (("--at", "x"), "is no place"),
        (("--previous",), "is of a pod"),
        (("--deployment", "consumer", "--previous"), "is of one pod"),
        (("--pod", "a", "--deployment", "consumer"), "two ways"),
        (("--pod", "a", "--total"), "not events"),
        (("--deployment", "consumer", "--grep", "/(/"), "no regular expression"),
        (("--grep", "a", "--follow"), "Leave --follow"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_with_a_reason(
    voted: OwnStack, words: tuple[str, ...], said: str
) -> None:
    answer = voted.run("logs", *words, check=False)
    assert answer.code == 2
    assert said in answer.err


def test_a_second_up_is_quick_and_says_nothing_on_stdout(voted: OwnStack) -> None:
    before = voted.status()["stack"]["pid"]
    again = voted.run("up", timeout=30)
    assert again.out == ""
    assert voted.status()["stack"]["pid"] == before


@pytest.mark.parametrize(
    "words",
    [("logs", "--last", "1000"), ("logs", "--follow", "--json"), ("books",), ("tallies",)],
    ids=" ".join,
)
def test_a_verb_whose_reader_has_seen_enough_ends_quietly(
    voted: OwnStack, words: tuple[str, ...]
) -> None:
    process = voted.start(*words)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_logs_are_followed_line_by_line(voted: OwnStack) -> None:
    last = voted.run("logs", "--last", "5")
    assert len(last.out.splitlines()) == 5
    url = voted.endpoints()["ingress"] + "/input"
    process = voted.start("logs", "--follow", "--json", "--last", "1")
    assert process.stdout is not None
    try:
        json.loads(process.stdout.readline())
        httpx.post(url, json=vote("Sigue", "La cola", 1), timeout=30).raise_for_status()
        found = json.loads(process.stdout.readline())
    finally:
        process.terminate()
    assert found["text"] == "voto Sigue · La cola 1"
    assert process.wait(20) == 143
    assert process.communicate()[1] == ""


def test_what_all_pods_of_a_deployment_say_is_one_log_by_time(voted: OwnStack) -> None:
    words = ("logs", "--deployment", "reader", "--json")
    lines = [json.loads(line) for line in voted.run(*words).out.splitlines()]
    pods = {pod["name"] for pod in voted.status()["pods"] if pod["deployment"] == "reader"}
    assert {line["pod"] for line in lines} == pods
    assert len(pods) == 2
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert len(voted.run(*words, "--last", "1").out.splitlines()) == 1
    assert voted.run("logs", "--pod", *sorted(pods)[:1], "--grep", "starting").out
    process = voted.start(*words, "--follow", "--last", "1")
    assert process.stdout is not None
    try:
        json.loads(process.stdout.readline())
        voted.run("scale", "reader", "3", "--yes")
        found = json.loads(process.stdout.readline())
    finally:
        process.terminate()
        voted.run("scale", "reader", "2", "--yes")
    assert found["pod"] not in pods
    assert f"-- {found['pod']} is there now" in process.communicate()[1]


@pytest.mark.parametrize(
    "words",
    [
        ("scale", "nosuch", "2"),
        ("scale", "nosuch", "--restart", "--yes"),
        ("chaos", "preview", "nosuch"),
        ("chaos", "run", "nosuch", "--yes"),
        ("logs", "nosuch"),
        ("logs", "--deployment", "nosuch"),
        ("run", "show", "nosuch"),
    ],
    ids=" ".join,
)
def test_a_name_that_nothing_has_is_a_wrong_command_line(
    stack: OwnStack, words: tuple[str, ...]
) -> None:
    done = stack.run(*words, check=False)
    assert (done.code, done.out) == (2, "")
    assert "nosuch" in done.err


async def test_a_purge_is_confirmed_by_name_and_keeps_the_books(voted: OwnStack) -> None:
    for words in ((), ("--confirm", "band"), ("--confirm", "bands", "--read-only")):
        refused = voted.run("logs", "--purge", *words, check=False)
        assert refused.code == 4, refused
    await until(lambda: closed(voted), "the books close", every=0.5)
    before = voted.books()
    removed = voted.run("logs", "--purge", "--confirm", "bands", "--json").json()["removed"]
    assert removed > 0
    assert voted.run("logs", "--total", "--json").json() == {"total": 0}
    after = voted.books()
    assert (after["stored"], after["lost"], after["doubled"]) == (before["stored"], 0, 0)
