"""The real loop against a real server: what it counts is what the server has seen."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from controlroom.arrivals.__main__ import main
from controlroom.arrivals.histogram import Histogram
from controlroom.arrivals.http_door import IDLE, WARM, HttpDoor
from controlroom.arrivals.loop import OpenLoad
from controlroom.arrivals.plan import Plan
from controlroom.arrivals.recorder import Recorder
from controlroom.arrivals.results import (
    HISTOGRAM,
    SECONDS,
    ResultFolder,
    read_result,
    read_seconds,
)
from tests.runs.server import Server, running
from tests.waiting import until


@pytest.fixture
def server() -> Iterator[Server]:
    """A real HTTP server."""
    with running() as one:
        yield one


def plan(server: Server, **more: object) -> Plan:
    """A second at 100/s on the test's server."""
    given: dict[str, object] = {
        "url": server.url, "rate": 100.0, "seconds": 1.0, "timeout": 30.0, "run": "r-1", **more
    }  # fmt: skip
    return Plan(**given)  # type: ignore[arg-type]


@contextmanager
def under_way(plan: Plan, path: Path) -> Iterator[OpenLoad]:
    """The load in a thread; over when the block is left."""
    folder = ResultFolder(path)
    load = OpenLoad(plan, folder)
    thread = threading.Thread(target=load.run)
    thread.start()
    try:
        yield load
    finally:
        thread.join()
        folder.close()


def result_of(path: Path) -> dict[str, Any]:
    """The last totals."""
    found = read_result(path)
    assert found is not None
    return found


def sent(plan: Plan, path: Path) -> dict[str, Any]:
    """The whole load, and what came of it."""
    with under_way(plan, path):
        pass
    return result_of(path)


def counts(result: dict[str, Any]) -> tuple[int, ...]:
    """Intended, sent, answered, failed, dropped."""
    names = ("intended", "sent", "answered", "failed", "dropped")
    return tuple(result[name] for name in names)


def test_totals_seconds_and_histogram_equal_the_servers_own_count(
    server: Server, tmp_path: Path
) -> None:
    result = sent(plan(server, seconds=1.5, rate=200.0), tmp_path)
    assert counts(result) == (300, 300, 300, 0, 0)
    assert (result["state"], result["bound"]) == ("finished", "timeout")
    assert server.count == server.answered == 300
    # connections overtake each other where the machine is busy
    assert sorted(server.ids) == sorted(f"r-1-{n}" for n in range(1, 301))
    assert set(server.paths) == {"/input"}
    assert result["statuses"] == {"200": 300}
    seconds = read_seconds(tmp_path)
    assert [one["t"] for one in seconds] == list(
        range(seconds[0]["t"], seconds[0]["t"] + len(seconds))
    )
    for name in ("intended", "sent", "answered", "failed", "dropped"):
        assert sum(one[name] for one in seconds) == result[name]
    # in a second that is whole, as many as the rate says
    assert all(one["intended"] == 200 for one in seconds[1:-1])
    times = Histogram.read(tmp_path / HISTOGRAM)
    assert times.total == 300
    assert times.summary() == result["latency_ms"]
    first = Histogram.read(tmp_path / HISTOGRAM, until=seconds[0]["t"] + 1)
    assert first.total == seconds[0]["answered"]


def test_the_same_seed_sends_the_same_events(server: Server, tmp_path: Path) -> None:
    for seed in (5, 5, 6):
        sent(plan(server, number=20, seed=seed, batch=3, rate=1000.0), tmp_path / str(server.count))
    one, again, other = (server.bodies[at : at + 20] for at in (0, 20, 40))
    assert sorted(one) == sorted(again) != sorted(other)
    assert {len(json.loads(body)) for body in one} == {3}
    # ids are of single events
    assert set(server.ids) == {""}


def test_a_stall_is_seen_by_all_who_were_due_in_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalls = iter([0.5])
    serve = server._answer

    async def stalling(writer: Any) -> None:
        # the whole server stops, as one that collects garbage does
        time.sleep(next(stalls, 0.0))  # noqa: ASYNC251
        await serve(writer)

    monkeypatch.setattr(server, "_answer", stalling)
    result = sent(plan(server), tmp_path)
    assert counts(result) == (100, 100, 100, 0, 0)
    # those of the first 50 ms waited for the rest of the 500
    assert result["latency_ms"]["p95"] > 440
    # and a quarter of all for more than 250; a sender that waits with it would have seen one
    share = Histogram.read(tmp_path / HISTOGRAM).share_within(250_000)
    assert share is not None
    assert share <= 0.75


async def test_what_cannot_be_sent_is_dropped_and_counted_exactly(
    server: Server, tmp_path: Path
) -> None:
    server.delay = 600.0
    wanted = plan(server, number=50, rate=1000.0, most_waiting=7, seconds=5.0)
    with under_way(wanted, tmp_path) as load:
        await until(lambda: server.in_flight == 7, "as many wait as may")
        await until(
            lambda: (read_result(tmp_path) or {}).get("dropped") == 43, "all were due", timeout=30
        )
        load.stop()
        load.stop()
    result = result_of(tmp_path)
    assert counts(result) == (50, 7, 0, 7, 43)
    assert server.count == server.most_in_flight == 7
    assert result["drops"] == {"most_waiting requests waited": 43}
    assert result["failures"] == {"no answer when the load ended": 7}
    assert result["most_waited"] == 7


def test_no_answer_in_time_is_a_failure_and_its_connection_is_not_used_again(
    server: Server, tmp_path: Path
) -> None:
    server.delay = 600.0
    result = sent(plan(server, number=5, timeout=0.3), tmp_path)
    assert counts(result) == (5, 5, 0, 5, 0)
    assert result["failures"] == {"no answer within 0.3 s": 5}
    assert result["latency_ms"]["p50"] is None


@pytest.mark.parametrize("status", [207, 503])
def test_other_answers_are_failures_by_status(server: Server, tmp_path: Path, status: int) -> None:
    server.status = status
    server.body = b'{"error":"Kafka is away"}'
    result = sent(plan(server, number=20), tmp_path)
    assert counts(result) == (20, 20, 0, 20, 0)
    assert result["failures"] == {f"HTTP {status}: Kafka is away": 20}
    assert result["statuses"] == {str(status): 20}


def test_a_connection_that_is_closed_fails_one_request_and_no_other(
    server: Server, tmp_path: Path
) -> None:
    server.hang_up_after = 3
    result = sent(plan(server, number=30, most_waiting=1, rate=50.0), tmp_path)
    assert result["sent"] == server.count
    assert result["sent"] == result["answered"] + result["failed"]
    assert result["failures"] == {"connection closed before the answer": result["sent"] // 3}


def test_a_large_body_is_written_whole(server: Server, tmp_path: Path) -> None:
    body = json.dumps([{"name": "x" * 1000}] * 9000)
    (tmp_path / "bodies").write_text(body)
    bodies = str(tmp_path / "bodies")
    result = sent(plan(server, number=2, rate=10.0, bodies=bodies), tmp_path / "out")
    assert counts(result) == (2, 2, 2, 0, 0)
    assert [one.decode() for one in server.bodies] == [body, body]


async def test_stopped_it_waits_for_the_answers_that_are_due(
    server: Server, tmp_path: Path
) -> None:
    server.delay = 0.3
    with under_way(plan(server, seconds=600.0), tmp_path) as load:
        await until(lambda: server.in_flight >= 3, "some wait")
        load.stop()
    result = result_of(tmp_path)
    assert (result["state"], result["bound"]) == ("stopped", "stopped")
    assert result["sent"] == result["answered"] == server.answered == server.count
    assert result["intended"] == result["sent"]


def test_a_disk_that_is_full_is_said_and_the_load_goes_on(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / SECONDS).symlink_to("/dev/full")
    (tmp_path / "plan.json").write_bytes(msgspec.json.encode(plan(server, number=20)))
    assert main([str(tmp_path / "plan.json"), str(tmp_path / "out")]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert server.answered == 20
    assert result_of(tmp_path / "out")["answered"] == 20


def test_connections_that_rest_are_closed_before_the_server_does_it(
    server: Server, tmp_path: Path
) -> None:
    wanted, folder = plan(server), ResultFolder(tmp_path)
    door = HttpDoor(wanted, Recorder(wanted, folder), lambda: 0.0)
    door.connect()
    assert len(door._open) == WARM
    door.expire(IDLE)
    assert len(door._open) == WARM
    door.expire(IDLE + 0.1)
    assert not door._open
    door.close()
    folder.close()
