"""Load runs: the real runner and the real Locust against a real server."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import start
from controlroom.runs.spec import LoadSpec
from controlroom.runs.stop import stop_loads, stop_run
from controlroom.runs.store import RunStore
from tests.runs.conftest import VOTE, children_of, ended, result_of
from tests.runs.server import Server
from tests.waiting import until

pytestmark = pytest.mark.processes


def spec(server: Server, **more: object) -> LoadSpec:
    """A load of the bands scenario on the test's server."""
    return LoadSpec(**{"url": server.url, "scenario": "bands", "timeout": 20.0, **more})  # type: ignore[arg-type]


def answered(folder: RunFolder) -> int:
    """Answers that the view tells of."""
    view = folder.read_view()
    return view.load.answered if view is not None and view.load is not None else 0


async def test_exactly_n_requests_are_sent_and_all_are_acknowledged(
    store: RunStore, server: Server
) -> None:
    folder = start(store, spec(server, number=2503, users=7))
    view = await ended(folder)
    assert (view.state, view.bound) == ("finished", "number")
    assert server.count == 2503
    assert sorted(server.ids) == sorted(f"{folder.id}-{n}" for n in range(1, 2504))
    assert set(server.paths) == {"/input"}
    assert view.load is not None
    assert (view.load.sent, view.load.answered, view.load.failed) == (2503, 2503, 0)
    lines = folder.acknowledged.read_text().splitlines()
    numbers = [n for line in lines for low, high in json.loads(line) for n in range(low, high + 1)]
    assert sorted(numbers) == list(range(1, 2504))


async def test_a_file_is_sent_once_over_all_users_who_wait_between_their_requests(
    store: RunStore, server: Server, tmp_path: Path
) -> None:
    votes = [{**VOTE, "rank": n} for n in range(50)]
    file = tmp_path / "traffic.json"
    file.write_text(json.dumps(votes))
    wish = spec(server, file=str(file), users=10, seed=7, wait_least=0.2, wait_most=0.3)
    folder = start(store, wish)
    view = await ended(folder)
    assert (view.state, view.bound) == ("finished", "file")
    ranks = [json.loads(body)["rank"] for body in server.bodies]
    assert sorted(ranks) == list(range(50))
    assert ranks != sorted(ranks)
    # five rounds of ten users have four waits between them
    assert view.ended is not None
    assert view.ended - view.started > 4 * 0.2


async def test_latency_below_a_millisecond_is_seen(store: RunStore, server: Server) -> None:
    folder = start(store, spec(server, number=300, users=1))
    await ended(folder)
    latency = result_of(folder)["latency_ms"]
    assert latency["p50"] > 0
    assert latency["p50"] != round(latency["p50"])


async def test_a_file_is_sent_once_by_default(
    store: RunStore, server: Server, votes: Callable[[int], Path]
) -> None:
    folder = start(store, spec(server, file=str(votes(57)), number=1000, path="grpc"))
    view = await ended(folder)
    assert (view.state, view.bound) == ("finished", "file")
    albums = Counter(json.loads(body)["album"] for body in server.bodies)
    assert albums == Counter(f"Album {n}" for n in range(57))
    assert set(server.paths) == {"/grpc"}
    assert view.load is not None
    assert view.load.total == 57


async def test_repeat_and_batches_reach_the_number(
    store: RunStore, server: Server, votes: Callable[[int], Path]
) -> None:
    folder = start(store, spec(server, file=str(votes(4)), number=5, repeat=True, batch=3, users=1))
    view = await ended(folder)
    assert view.bound == "number"
    sent = [[vote["album"] for vote in json.loads(body)] for body in server.bodies]
    assert [len(batch) for batch in sent] == [3] * 5
    assert sent[1] == ["Album 3", "Album 0", "Album 1"]


async def test_the_timeout_ends_a_slow_load(store: RunStore, server: Server) -> None:
    server.delay = 0.4
    folder = start(store, spec(server, number=1000, users=4, timeout=1.0))
    view = await ended(folder)
    assert (view.state, view.bound) == ("finished", "timeout")
    assert view.load is not None
    assert view.load.sent == view.load.answered == server.count == server.answered
    assert server.most_in_flight == 4
    assert result_of(folder)["seconds"] < 50, "all of them would take 100 s"


async def test_stop_drains_what_is_in_flight(store: RunStore, server: Server) -> None:
    server.delay = 0.5
    folder = start(store, spec(server, number=100_000, users=5))
    await until(lambda: server.count >= 5, "the load began")
    assert await stop_run(folder, patience=15)
    view = await ended(folder)
    assert (view.state, view.bound) == ("stopped", "stopped")
    assert view.load is not None
    assert view.load.sent == view.load.answered == server.answered == server.count
    assert view.load.failed == 0


async def test_sigterm_to_the_runner_drains_too(store: RunStore, server: Server) -> None:
    server.delay = 0.1
    folder = start(store, spec(server, users=3))
    await until(lambda: server.count >= 3, "the load began")
    proof = folder.read_runner()
    assert proof is not None
    os.kill(proof.pid, signal.SIGTERM)
    view = await ended(folder)
    assert (view.state, view.bound) == ("stopped", "stopped")
    assert server.answered == server.count


async def test_a_cut_does_not_wait_and_says_what_got_no_answer(
    store: RunStore, server: Server
) -> None:
    server.delay = 60
    folder = start(store, spec(server, users=3))
    await until(lambda: server.count == 3, "the load began")
    begun = time.monotonic()
    done = await stop_loads(store, drain=0.2)
    assert done.clean
    assert done.runs == (folder.id,)
    assert time.monotonic() - begun < 30, "the answer takes 60 s"
    result = result_of(folder)
    assert result["failures"] == {"no answer when the load ended": 3}
    assert (result["sent"], result["failed"]) == (3, 3)


async def test_failures_are_counted_by_kind(store: RunStore, server: Server) -> None:
    server.status = 503
    server.body = b'{"error":"Kafka is away"}'
    folder = start(store, spec(server, number=20, users=2))
    view = await ended(folder)
    assert view.bound == "number"
    assert result_of(folder)["failures"] == {"HTTP 503: Kafka is away": 20}
    assert server.count == 20
    assert view.load is not None
    assert (view.load.answered, view.load.p50) == (0, None)


async def test_a_hung_up_connection_is_a_failure_and_never_a_second_request(
    store: RunStore, server: Server
) -> None:
    server.hang_up_after = 3
    folder = start(store, spec(server, number=30, users=2))
    await ended(folder)
    assert server.count == 30
    assert len(set(server.ids)) == 30
    result = result_of(folder)
    assert result["failures"] == {"connection closed before the answer": 10}
    assert result["answered"] == 20


async def test_the_rate_holds_over_all_users(store: RunStore, server: Server) -> None:
    folder = start(store, spec(server, number=100, rate=100.0, users=8))
    await ended(folder)
    result = result_of(folder)
    assert server.count == 100
    assert result["seconds"] > 0.9
    assert result["latency_from_schedule_ms"]["p50"] >= result["latency_ms"]["p50"]


async def test_a_killed_load_process_fails_the_run_with_the_reason(
    store: RunStore, server: Server
) -> None:
    folder = start(store, spec(server, rate=50.0))
    await until(lambda: answered(folder) > 5, "the first answers are reported")
    (process,) = children_of(folder)
    process.kill()
    view = await ended(folder)
    assert view.state == "failed"
    assert "was killed by signal 9" in view.bound
    assert result_of(folder)["answered"] > 5


async def test_a_killed_runner_reads_as_lost_and_its_load_ends(
    store: RunStore, server: Server
) -> None:
    folder = start(store, spec(server, rate=50.0))
    await until(lambda: server.count > 5, "the load began")
    (process,) = children_of(folder)
    proof = folder.read_runner()
    assert proof is not None
    os.kill(proof.pid, signal.SIGKILL)
    view = await ended(folder)
    assert view.state == "lost"
    await until(lambda: not process.is_running(), "the load process ends by itself")
    assert store.active() == []
    assert start(store, spec(server, number=1)).id == "r-0002"
    assert (await ended(store.folder("r-0002"))).state == "finished"


async def test_a_bad_file_fails_before_anything_is_sent(
    store: RunStore, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps([VOTE, {**VOTE, "rank": "best"}]))
    folder = start(store, spec(server, file=str(path)))
    view = await ended(folder)
    assert view.state == "failed"
    assert "record 2: field rank" in view.bound
    assert server.count == 0
