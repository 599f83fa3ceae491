"""The main job on real engines: every acknowledged event is counted and stored once.

It is tried with both document stores."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import httpx

from controlroom.commands.exits import Exit
from tests.draining import Books, drained
from tests.own_stack import OwnStack
from tests.stores import stack_on_both
from tests.waiting import until

__all__ = ["stack_on_both"]


async def closed_books(stack: OwnStack) -> Books:
    """Waits for the pipeline to drain, then demands that nothing was lost or doubled."""
    books = await drained(stack)
    assert (books["lost"], books["doubled"]) == (0, 0), books
    assert books["kafka"] == books["counted"] == books["stored"], books
    return books


def start_load(stack: OwnStack, number: int, *more: str) -> subprocess.Popen[str]:
    """A load run of exactly `number` generated events."""
    words = ("run", "-n", str(number), "--concurrence", "10", "--timeout", "3m", "--json", *more)
    return stack.start(*words)


async def acknowledged_since(stack: OwnStack, before: int, more: int) -> None:
    """Waits until the producers acknowledged `more` events than `before`."""

    def acknowledged() -> bool:
        told = stack.run("books", "--json", check=False)
        if told.code == Exit.UNREACHABLE:  # an engine that was killed is not back yet
            return False
        return bool(told.json()["acknowledged"] >= before + more)

    await until(acknowledged, f"{more} more events are acknowledged", 60, every=0.1)


def finished(load: subprocess.Popen[str], timeout: float = 200) -> str:
    """The load's JSON, once it ended well."""
    out, err = load.communicate(timeout=timeout)
    assert load.returncode == 0, f"{load.returncode}: {out}\n{err}"
    return out


async def test_books_are_exact_through_consumer_kills_and_scaling(stack: OwnStack) -> None:
    before = await closed_books(stack)
    load = start_load(stack, 8000)
    await acknowledged_since(stack, before["acknowledged"], 800)
    os.kill(stack.pids("consumer")[0], signal.SIGKILL)
    stack.run("scale", "consumer", "5")
    await acknowledged_since(stack, before["acknowledged"], 4000)
    os.kill(stack.pids("consumer")[-1], signal.SIGKILL)
    stack.run("scale", "consumer", "2")
    finished(load)
    after = await closed_books(stack)
    assert after["acknowledged"] - before["acknowledged"] == 8000
    assert after["stored"] - before["stored"] == 8000


async def test_engines_killed_under_load_cost_nothing_acknowledged(stack: OwnStack) -> None:
    before = await closed_books(stack)
    load = start_load(stack, 4000, "--rate", "250")
    for number, engine in enumerate(("redis", "mongo", "kafka")):
        await acknowledged_since(stack, before["acknowledged"], 400 * (number + 1))
        os.kill(stack.engine_pid(engine), signal.SIGKILL)
    load.communicate(timeout=200)  # requests may fail while Kafka is away: 503, never a loss
    after = await closed_books(stack)
    assert after["acknowledged"] > before["acknowledged"]
    assert after["acknowledged"] <= after["kafka"]


async def test_a_producer_killed_under_load_keeps_its_count(stack: OwnStack) -> None:
    before = await closed_books(stack)
    load = start_load(stack, 3000, "--rate", "300")
    await acknowledged_since(stack, before["acknowledged"], 500)
    os.kill(stack.pids("producer-http")[0], signal.SIGKILL)
    load.communicate(timeout=200)
    after = await closed_books(stack)
    gained = after["acknowledged"] - before["acknowledged"]
    unconfirmed = (after["kafka"] - before["kafka"]) - gained
    assert 0 <= unconfirmed <= 10, "at most the requests that were open when it died"


async def test_a_supervisor_killed_leaves_no_orphan_and_comes_back_with_all_events(
    stack: OwnStack,
) -> None:
    before = await closed_books(stack)
    status = stack.status()
    children = [e["pid"] for e in status["engines"] if e["pid"]]
    children += [c["pid"] for pod in status["pods"] for c in pod["containers"] if c["pid"]]
    os.kill(status["stack"]["pid"], signal.SIGKILL)
    await until(lambda: not any(alive(pid) for pid in children), "all children are gone")
    assert stack.run("status", check=False).code == 3
    started = time.monotonic()
    stack.run("up")
    assert time.monotonic() - started < 120
    after = await closed_books(stack)
    assert {k: after[k] for k in ("kafka", "counted", "stored")} == {
        k: before[k] for k in ("kafka", "counted", "stored")
    }


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_second_up_attaches_and_says_so(stack: OwnStack) -> None:
    pid = stack.status()["stack"]["pid"]
    stack.run("up")
    assert stack.status()["stack"]["pid"] == pid


async def test_every_listener_is_on_loopback(stack: OwnStack) -> None:
    import psutil

    root = psutil.Process(stack.status()["stack"]["pid"])
    family = {root.pid, *(child.pid for child in root.children(recursive=True))}
    listening = [
        c for c in psutil.net_connections("inet") if c.pid in family and c.status == "LISTEN"
    ]
    assert listening
    assert {c.laddr.ip for c in listening if c.laddr} <= {"127.0.0.1", "::ffff:127.0.0.1"}


async def test_the_public_doors_answer_as_the_contract_says(stack: OwnStack) -> None:
    ingress = stack.endpoints()["ingress"].rstrip("/")
    vote = {"Name": "Caifanes", "ALBUM": "El Silencio", "year": "1992", "rank": 5}
    async with httpx.AsyncClient(base_url=ingress, timeout=20) as client:
        wasm = ("/wasm", "/rust", "/rust/send_data")
        for path in ("/input", "/insert", "/grpc", "/grpc/insert", *wasm):
            answer = await client.post(path, json=vote)
            assert answer.status_code == 201, (path, answer.text)
        assert (await client.post("/input", json=[vote] * 20)).status_code == 201
        answer = await client.post("/input", json={"Lista": [vote, {**vote, "rank": "best"}]})
        assert answer.status_code == 207
        assert answer.json()["accepted"] == 1
        assert answer.json()["errors"][0]["field"] == "rank"
        await drained(stack)
        logs = (await client.get("/logs", params={"last": 20})).json()
        assert len(logs) == 20
        live = (await client.get("/live")).json()
        assert live["total"] == stack.books()["counted"]
        assert (await client.get("/total")).status_code == 200


async def test_worldcup_runs_on_the_same_stack(stack: OwnStack) -> None:
    stack.run("up", "--scenario", "worldcup", timeout=180)
    try:
        before = await closed_books(stack)
        assert before["scenario"] == "worldcup"
        assert "producer-wasm" not in names_of(stack)
        refused = stack.run("run", "-n", "1", "--path", "wasm", check=False)
        assert "has no paths for the WASM producer" in refused.err
        refused = stack.run("scale", "producer-wasm", "2", check=False)
        assert "has no [wasm]" in refused.err
        finished(start_load(stack, 1000))
        finished(start_load(stack, 500, "--path", "grpc"))
        after = await closed_books(stack)
        assert after["acknowledged"] - before["acknowledged"] == 1500
        rows = stack.run("tallies", "--json").json()
        assert rows["total"] == after["counted"]
    finally:
        stack.run("up", "--scenario", "bands", timeout=180)
    assert "producer-wasm" in names_of(stack)
    before = await closed_books(stack)
    finished(start_load(stack, 500, "--path", "wasm"))
    after = await closed_books(stack)
    assert after["acknowledged"] - before["acknowledged"] == 500


def names_of(stack: OwnStack) -> set[str]:
    """The deployments that the stack has."""
    return {str(one["name"]) for one in stack.status()["deployments"]}
