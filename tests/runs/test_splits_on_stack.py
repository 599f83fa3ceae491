"""Splits on the real stack: real doors, the real error injector, and what each death leaves."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from controlroom.runs.store import RunStore
from tests.own_stack import OwnStack
from tests.runs.conftest import VOTE, ended
from tests.waiting import until

NAME = "http-33-wasm-33-faulty-33"


@pytest.fixture(autouse=True)
def _nothing_left(stack: OwnStack) -> Iterator[None]:
    """The stack is everybody's: no split outlives its test."""
    yield
    stack.run("split", "stop", "--yes", check=False)


def held(stack: OwnStack) -> list[str]:
    """Names of splits that the stack holds, also of those that wait for a service of theirs."""
    return [one["name"] for one in stack.run("split", "status", "--json").json()]


def on(stack: OwnStack) -> list[str]:
    """Names of splits that divide requests now."""
    found = stack.run("split", "status", "--json").json()
    return [one["name"] for one in found if one["phase"] == "running"]


async def votes(stack: OwnStack, count: int) -> list[int]:
    """Statuses of so many votes over HTTP."""
    url = f"{stack.endpoints()['ingress'].rstrip('/')}/input"
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return [(await client.post(url, json=VOTE)).status_code for _ in range(count)]


async def test_three_branches_get_what_was_asked_and_the_result_says_it(stack: OwnStack) -> None:
    shown = stack.run("split", "preview", NAME).out
    assert "producer-wasm:http as /wasm, 2 ready" in shown
    assert "error-injector:http, started for it" in shown
    words = ("split", "start", NAME, "--duration", "60s", "--yes", "--detach")
    run = stack.run(*words).out.strip()
    folder = RunStore(stack.state / "runs").folder(run)
    await until(lambda: on(stack) == [NAME], "the split is on", 60)
    seen = await votes(stack, 90)
    assert seen.count(201) + seen.count(500) == 90
    assert abs(seen.count(500) - 30) <= 2, "a third meets the error injector"
    refused = stack.run("split", "start", NAME, "--yes", check=False)
    assert refused.code != 0
    assert "Another split has the requests for /" in refused.err
    nobody = stack.run("split", "stop", "r-9999", "--yes", check=False)
    assert nobody.code != 0
    assert "No split is called r-9999" in nobody.err
    assert stack.run("split", "stop", "--yes", "--json").json()["clean"] is True
    view = await ended(folder, 60)
    assert view.state == "stopped"
    story = stack.run("run", "show", run, "--json").json()
    branches = {one["name"]: one for one in story["result"]["split"]["branches"]}
    assert sum(one["requests"] for one in branches.values()) == 90
    assert all(abs(one["requests"] - 30) <= 2 for one in branches.values())
    assert branches["faulty"]["requests"] == branches["faulty"]["failed"] == seen.count(500)
    assert (branches["wasm"]["success"], branches["faulty"]["success"]) == (1.0, 0.0)
    assert story["split"]["success"] == pytest.approx(seen.count(201) / 90)
    assert story["split"]["predicted"] == pytest.approx(2 / 3)
    assert await votes(stack, 5) == [201] * 5
    audit = [json.loads(line) for line in (stack.state / "audit.jsonl").read_text().splitlines()]
    assert [one["result"] for one in audit if one["action"] == "stop split"][-1] == "done"


async def test_a_split_ends_without_the_run_that_began_it(stack: OwnStack) -> None:
    words = ("--duration", "6s", "--weight", "http=0", "--yes", "--detach")
    run = stack.run("split", "start", "http-50-faulty-50", *words).out.strip()
    folder = RunStore(stack.state / "runs").folder(run)
    await until(lambda: on(stack), "the split is on", 60)
    proof = folder.read_runner()
    assert proof is not None
    os.kill(proof.pid, signal.SIGKILL)
    assert (await ended(folder)).state == "lost"

    async def over() -> bool:
        return await votes(stack, 3) == [201] * 3

    await until(over, "the stack has ended it", 60, every=0.2)
    await until(lambda: held(stack) == [], "nothing is left of it", 30)
    await until(lambda: not stack.pids("error-injector"), "the error injector has ended", 30)


async def test_stop_all_ends_it_and_a_file_that_is_wrong_starts_nothing(
    stack: OwnStack, tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    text = (Path("scenarios") / "bands" / "splits" / "http-50-faulty-50.yaml").read_text()
    file.write_text(text.replace("weight: 50", "weight: x", 1))
    done = stack.run("split", "start", str(file), "--yes", check=False)
    assert (done.code, done.out) == (2, "")
    assert f"{file}, line 11: spec.branches[0].weight" in done.err
    stack.run("split", "start", "http-50-faulty-50", "--yes", "--detach")
    await until(lambda: on(stack), "the split is on", 60)
    assert stack.run("chaos", "stop", "--all", "--json").json()["clean"] is True
    assert held(stack) == []
    refused = stack.run("--read-only", "split", "start", NAME, "--yes", check=False)
    assert refused.code != 0
    assert "no traffic is split" in refused.err
