"""Open loads as runs: the real runner and the real generator against a real server."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from controlroom.arrivals.address import ROUTES
from controlroom.arrivals.results import read_result, read_seconds
from controlroom.runs.errors import SpecError
from controlroom.runs.folder import RunFolder
from controlroom.runs.kinds.load import KIND
from controlroom.runs.launch import start
from controlroom.runs.open_load import FOLDER, plan_of
from controlroom.runs.spec import LoadSpec
from controlroom.runs.stop import stop_loads, stop_run
from controlroom.runs.store import RunStore
from tests.draining import drained
from tests.own_stack import OwnStack
from tests.runs.conftest import children_of, ended, result_of
from tests.runs.server import Server
from tests.waiting import until


def spec(server: Server, **more: object) -> LoadSpec:
    """An open load of the bands scenario on the test's server."""
    given = {
        "url": server.url, "scenario": "bands", "timeout": 20.0, "rate": 100.0,
        "open": "constant", "users": 200, **more,
    }  # fmt: skip
    return LoadSpec(**given)  # type: ignore[arg-type]


def told(folder: RunFolder) -> bool:
    """Whether the view tells of answers, and a whole second is on disk."""
    view = folder.read_view()
    done = view is not None and view.load is not None and view.load.answered > 0
    return done and bool(read_seconds(folder.path / FOLDER))


@pytest.mark.processes
async def test_what_was_due_is_sent_and_told(
    store: RunStore, server: Server, votes: Callable[[int], Path]
) -> None:
    asked = spec(
        server, file=str(votes(30)), open="poisson", path="wasm", rate=200.0, number=90, repeat=True
    )
    folder = start(store, asked)
    view = await ended(folder)
    assert (view.state, view.bound) == ("finished", "number"), folder.log.read_text()
    assert view.load is not None
    assert (view.load.sent, view.load.answered, view.load.failed) == (90, 90, 0)
    assert (view.load.total, view.load.dropped) == (90, 0)
    assert sorted(server.ids) == sorted(f"{folder.id}-{n}" for n in range(1, 91))
    assert set(server.paths) == {"/wasm"}
    albums = Counter(json.loads(body)["album"] for body in server.bodies)
    assert set(albums.values()) == {3}
    result = result_of(folder)
    assert result["intended"] == 90
    lines = KIND.report(view, result)
    assert "90 arrivals were due; 0 dropped" in lines
    assert any("p99.9" in line for line in lines)
    assert any("from the intended start" in line for line in lines)


@pytest.mark.processes
async def test_stopped_by_signal_and_by_cut(store: RunStore, server: Server) -> None:
    server.delay = 0.2
    folder = start(store, spec(server))
    await until(lambda: told(folder), "the first second is told", timeout=60)
    assert await stop_run(folder, patience=60)
    view = await ended(folder)
    assert (view.state, view.bound) == ("stopped", "stopped")
    assert view.load is not None
    assert view.load.sent == view.load.answered == server.count
    server.delay = 600
    folder, before = start(store, spec(server)), server.count
    await until(lambda: server.count > before + 2, "some wait", timeout=60)
    assert (await stop_loads(store, drain=0.2)).clean
    await ended(folder)
    result = result_of(folder)
    assert result["failures"] == {"no answer when the load ended": server.count - before}


@pytest.mark.processes
async def test_killed_at_any_moment_the_run_reads_and_nothing_is_sent_any_more(
    store: RunStore, server: Server
) -> None:
    folder = start(store, spec(server))
    await until(lambda: told(folder), "the first second is told", timeout=60)
    (generator,) = children_of(folder)
    generator.kill()
    view = await ended(folder)
    assert view.state == "failed"
    assert "was killed by signal 9" in view.bound
    assert result_of(folder)["answered"] > 0
    folder = start(store, spec(server))
    await until(lambda: told(folder), "the first second is told", timeout=60)
    (generator,) = children_of(folder)
    proof = folder.read_runner()
    assert proof is not None
    psutil.Process(proof.pid).send_signal(signal.SIGKILL)
    await until(lambda: not generator.is_running() or dead(generator), "the generator is dead")
    view = await ended(folder)
    assert view.state == "lost"
    kept = read_result(folder.path / FOLDER)
    assert kept is not None
    assert kept["state"] == "running"
    seconds = read_seconds(folder.path / FOLDER)
    assert seconds
    assert all(one["sent"] == one["answered"] for one in seconds)


def dead(process: psutil.Process) -> bool:
    """Whether nobody has asked yet how it ended."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_rate_that_no_generator_keeps_is_refused_before_the_start() -> None:
    asked = LoadSpec(url="http://127.0.0.1:1", scenario="bands", rate=9e5, open="constant")
    with pytest.raises(SpecError, match="rate 900000"):
        KIND.check(asked)


def test_the_plan_is_what_was_asked() -> None:
    asked = LoadSpec(
        url="http://10.0.0.1", rate=7.0, open="poisson", path="grpc", users=9, seed=4,
        timeout=60.0, batch=3, context="lab-a",
    )  # fmt: skip
    plan = plan_of("r-0001", asked)
    assert (plan.arrivals, plan.rate, plan.seconds, plan.seed) == ("poisson", 7.0, 60.0, 4)
    assert (plan.most_waiting, plan.batch, plan.address) == (9, 3, "http://10.0.0.1/grpc")
    assert asked.command().count("--open poisson") == 1


async def test_every_door_takes_it_and_the_books_agree(stack: OwnStack) -> None:
    before = (await drained(stack))["acknowledged"]
    answered = 0
    for door in ROUTES:
        words = ("run", "--open", "--rate", "100", "-n", "40", "--path", door, "--json")
        told = stack.run(*words, timeout=120).json()
        assert (told["bound"], told["result"]["intended"]) == ("number", 40)
        assert told["result"]["statuses"] == {"201": told["load"]["answered"]}
        answered += told["load"]["answered"]
    assert answered == 3 * 40

    async def counted() -> bool:
        books = await drained(stack)
        return bool(books["acknowledged"] == before + answered and books["lost"] == 0)

    await until(counted, "all that was answered is in the books", 60)
