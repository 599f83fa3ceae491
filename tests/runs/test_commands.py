"""The commands `run` and `chaos`, as a user types them, without a stack."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from controlroom.runs.store import RunStore
from host.liveness import Proof
from tests.own_stack import OwnStack
from tests.runs.conftest import VOTE, ended
from tests.runs.server import Server
from tests.terminal import Terminal
from tests.waiting import until

pytestmark = pytest.mark.processes


@pytest.fixture
def cli(store: RunStore) -> OwnStack:
    """The command line on the state folder of the store."""
    return OwnStack(store.root.parent)


def test_the_command_to_the_letter(
    cli: OwnStack, server: Server, votes: Callable[[int], Path]
) -> None:
    words = ("run", "-f", str(votes(60)), "--concurrence", "10", "-n", "50", "--timeout", "3m")
    done = cli.run(*words, "--url", server.url)
    assert "r-0001 finished, ended by number" in done.out
    assert "sent 50  answered 50  failed 0" in done.out
    assert "p50" in done.out
    assert server.count == 50
    assert "\x1b" not in done.err
    story = cli.run("run", "show", "r-0001", "--json").json()
    wanted = f"controlroom run -f {votes(60)} --concurrence 10 -n 50 --timeout 3m"
    assert re.fullmatch(rf"{re.escape(wanted)} --seed \d+", story["command"])
    assert story["result"]["bound"] == "number"
    assert "r-0001" in cli.run("run", "list").out
    assert cli.run("run", "list", "--json").json()[0]["state"] == "finished"


def test_a_seed_that_was_drawn_is_said_and_gives_the_same_order(
    cli: OwnStack, server: Server, votes: Callable[[int], Path]
) -> None:
    file = votes(40)
    words = ("run", "-f", str(file), "-c", "1", "--url", server.url)
    done = cli.run(*words)
    (seed,) = set(re.findall(r"seed (\d+)", done.out + done.err))
    drawn = server.bodies.copy()
    assert Counter(map(_album, drawn)) == Counter(f"Album {n}" for n in range(40))
    server.bodies.clear()
    cli.run(*words, "--seed", seed)
    assert server.bodies == drawn
    server.bodies.clear()
    cli.run(*words, "--seed", str(int(seed) + 1))
    assert server.bodies != drawn


def _album(body: bytes) -> str:
    return str(json.loads(body)["album"])


@pytest.mark.parametrize("flag", ["--concurrency", "--concurrencia", "-c", "--concurrence"])
def test_every_name_of_the_parallel_users(cli: OwnStack, server: Server, flag: str) -> None:
    server.delay = 0.05
    done = cli.run("run", flag, "3", "-n", "9", "--url", server.url, "--json").json()
    assert done["result"]["answered"] == 9
    assert server.most_in_flight == 3


def test_failures_are_told_and_give_1(cli: OwnStack, server: Server) -> None:
    server.status = 400
    done = cli.run("run", "-n", "4", "--url", server.url, check=False)
    assert done.code == 1
    assert "failed 4" in done.out
    assert "4 x HTTP 400" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-n", "0"), "-n"),
        (("-n", "ten"), "'ten'"),
        (("--timeout", "3x"), "'3x'"),
        (("--timeout", "0s"), "'0s'"),
        (("--timeout", "48h"), "--timeout 48h"),
        (("-c", "-1"), "'-1'"),
        (("-c", "100000"), "100000"),
        (("--rate", "fast"), "'fast'"),
        (("--path", "ftp"), "ftp"),
        (("--repeat",), "--repeat"),
        (("--url", "http://example.org"), "example.org"),
        (("-f", "/nowhere.json"), "/nowhere.json"),
        (("show",), "id of a run"),
        (("show", "r-0099"), "r-0099"),
        (("stop",), "id of a run"),
        (("fly",), "fly"),
    ],
)
def test_what_cannot_be_meant_gives_2(
    cli: OwnStack, server: Server, words: tuple[str, ...], said: str
) -> None:
    url = () if "--url" in words else ("--url", server.url)
    done = cli.run("run", *words, *url, check=False)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) <= 2
    assert server.count == 0


def test_a_bad_record_is_named_before_anything_is_sent(
    cli: OwnStack, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "data.json"
    path.write_text(f"{json.dumps(VOTE)}\n{json.dumps({**VOTE, 'rank': 'best'})}\n")
    done = cli.run("run", "-f", str(path), "--url", server.url, check=False)
    assert done.code == 2
    assert f"{path}, line 2, record 2: field rank" in done.err
    assert server.count == 0
    assert cli.run("run", "list", "--json").json() == []


def test_nothing_there_gives_3(cli: OwnStack) -> None:
    for words in (("--url", "http://127.0.0.1:1"), ()):
        done = cli.run("run", "-n", "1", *words, check=False)
        assert done.code == 3, done
        assert "controlroom up" in done.err
    for action in (("preview", "pod-kill-consumer"), ("status",)):
        assert cli.run("chaos", *action, check=False).code == 3


async def test_ctrl_c_drains_and_gives_130(cli: OwnStack, server: Server, store: RunStore) -> None:
    server.delay = 0.3
    process = cli.start("run", "--url", server.url, "--json", "-c", "4")
    await until(lambda: server.count >= 4, "the load began")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    story = json.loads(out)
    assert (story["state"], story["bound"]) == ("stopped", "stopped")
    assert story["load"]["sent"] == story["load"]["answered"] == server.answered
    assert "ctrl+c again" in err


async def test_a_second_ctrl_c_cuts(cli: OwnStack, server: Server) -> None:
    server.delay = 60
    process = cli.start("run", "--url", server.url, "--json", "-c", "2")
    await until(lambda: server.count == 2, "the load began")
    assert process.stderr is not None
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    while "Stopping" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Cut" in err
    assert time.monotonic() - begun < 30, "the answer takes 60 s"
    assert json.loads(out)["load"]["failed"] == 2


async def test_the_run_outlives_its_terminal(
    cli: OwnStack, server: Server, store: RunStore
) -> None:
    server.delay = 0.05
    words = ["run", "--url", server.url, "-n", "60", "-c", "2"]
    begun = time.time()
    with Terminal([sys.executable, "-m", "controlroom", *words], cli.env) as terminal:
        await until(lambda: server.count > 4, "the load began")
        terminal.hang_up()
        await until(lambda: not Proof(terminal.pid, begun).alive, "the command is gone")
    view = await ended(store.folder("r-0001"))
    assert (view.state, view.bound) == ("finished", "number")
    assert server.count == 60


async def test_a_detached_run_is_stopped_by_its_id_and_by_all(
    cli: OwnStack, server: Server, store: RunStore
) -> None:
    server.delay = 0.05
    assert cli.run("run", "--url", server.url, "--detach").out == "r-0001\n"
    assert cli.run("run", "--url", server.url, "--detach", "--json").json() == {"id": "r-0002"}
    await until(lambda: server.count > 4, "the load began")
    assert cli.run("run", "stop", "r-0001", "--json").json() == {"stopped": ["r-0001"], "left": []}
    assert [folder.id for folder in store.active()] == ["r-0002"]
    assert cli.run("run", "stop", "--all").code == 0
    assert store.active() == []


def test_read_only_sends_and_injects_nothing(cli: OwnStack, server: Server) -> None:
    assert cli.run("--read-only", "run", "--url", server.url, check=False).code == 4
    for words in (("run", "pod-kill-consumer", "--yes"), ("stop", "--all")):
        assert cli.run("--read-only", "chaos", *words, check=False).code == 4
    assert server.count == 0


def test_the_experiments_are_listed(cli: OwnStack) -> None:
    names = {entry["name"]: entry for entry in cli.run("chaos", "list", "--json").json()}
    assert names["pod-kill-kafka"]["level"] == "blast"
    assert "network-partition-consumer-kafka" in cli.run("chaos", "list").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("preview",), "wants a file"),
        (("run", "/nowhere.yaml", "--yes"), "/nowhere.yaml"),
        (("run", "pod-kill-consumer", "--run-for", "9s", "--yes"), "over at once"),
        (("run", "pod-failure-consumer", "--duration", "9x", "--yes"), "9x"),
        (("run", "pod-failure-consumer", "--duration", "48h", "--yes"), "at most"),
        (("stop",), "--all"),
    ],
)
def test_a_wish_for_chaos_that_cannot_be_meant_gives_2(
    cli: OwnStack, words: tuple[str, ...], said: str
) -> None:
    done = cli.run("chaos", *words, check=False)
    assert done.code == 2
    assert said in done.err


def test_stop_all_without_a_stack_is_clean_when_no_fault_was_on(cli: OwnStack) -> None:
    done = cli.run("chaos", "stop", "--all")
    assert "Nothing was running" in done.err
