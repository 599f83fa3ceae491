"""The table of exit codes: what is promised is what comes back, verb by verb."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from controlroom.answers.steps import STEPS
from controlroom.cli.entrance import enter
from controlroom.commands import answer, endpoints, status
from controlroom.commands.answer import AnswerQuestions
from controlroom.commands.ended import code_of_run
from controlroom.commands.exits import MEANINGS, Exit
from controlroom.commands.experiment import StartExperiment
from controlroom.commands.here import Here
from controlroom.commands.performing import Answer
from controlroom.model.fleet import Fleet, Pod
from controlroom.model.run import RunView
from controlroom.runs.audit import entries
from controlroom.runs.experiment_block import Aborted, Breached
from controlroom.runs.folder import RunFolder
from controlroom.runs.store import RunStore
from controlroom.settings import Settings
from controlroom.targets.abilities import Endpoints
from host.project import PROJECT
from tests.commands.acting import CHANGING, WORDS, Acted
from tests.commands.test_walk import SAID, typed
from tests.runs.fakes import FakeTarget
from tests.runs.test_experiment_ends import conducted

LEFT = "may still be injected: pod-kill"
GUARD = Breached("guard: lag above 5 for 3s")


def view(state: Any, bound: str) -> RunView:
    return RunView("r-0001", "experiment", "one", state, 1.0, None, 2.0, bound)


@pytest.mark.parametrize(
    ("state", "bound", "result", "interrupted", "code"),
    [
        ("finished", "all blocks", {}, False, Exit.OK),
        ("failed", "the load ended", {}, False, Exit.FAILED),
        ("stopped", "stopped", {}, False, Exit.FAILED),
        ("failed", "guard: lag", {"guard": "guard: lag"}, False, Exit.ABORTED),
        ("stopped", "stopped", {}, True, Exit.INTERRUPTED),
        ("failed", LEFT, {"guard": "guard: lag"}, True, Exit.UNCLEAN),
        ("lost", "", {}, False, Exit.UNCLEAN),
    ],
)
def test_how_a_run_ended_is_a_code(
    state: str, bound: str, result: dict[str, str], interrupted: bool, code: Exit
) -> None:
    assert code_of_run(view(state, bound), result, interrupted) is code


def test_what_readme_promises_is_the_table() -> None:
    promised = (PROJECT / "README.md").read_text().split("Exit codes:")[1].split("\n\n")[0]
    assert [int(one) for one in re.findall(r"\b\d+\b", promised)] == list(Exit)
    assert list(MEANINGS) == list(Exit)


@pytest.fixture
def store(state: Path) -> RunStore:
    return RunStore(state / "runs", 10, 1 << 20)


async def ended(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> RunFolder:
    """The folder of an experiment that ended so."""
    return (await conducted(store, FakeTarget(), monkeypatch, error))[1]


ENDS = [(None, Exit.OK), (GUARD, Exit.ABORTED), (Aborted("no steady state"), Exit.FAILED)]


@pytest.mark.parametrize(("error", "code"), ENDS, ids=["whole", "guard", "unsteady"])
def test_an_experiment_that_its_guard_ended_says_so(
    error: Exception | None, code: Exit, store: RunStore, acted: Acted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = asyncio.run(ended(store, monkeypatch, error))

    async def carry_out(act: StartExperiment, here: Here) -> Answer:
        act.run = folder
        return Answer("It is done.")

    monkeypatch.setattr(StartExperiment, "carry_out", carry_out)
    assert enter(["experiment", "run", "pod-kill-consumer", "--yes"]) == code
    result = folder.read_result() or {}
    assert result.get("guard") == (str(GUARD) if error is GUARD else None)


@pytest.mark.parametrize(("error", "code"), ENDS, ids=["whole", "guard", "unsteady"])
async def test_an_answer_has_the_code_of_its_experiments(
    error: Exception | None, code: Exit, store: RunStore, state: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = await ended(store, monkeypatch, error)

    async def perform(act: StartExperiment, *_: object) -> Answer:
        act.run = folder
        return Answer("It is done.")

    async def kept(*_: object) -> bool:
        return True

    monkeypatch.setattr(answer, "perform", perform)
    monkeypatch.setattr(answer, "keep_hops", kept)
    monkeypatch.setattr(Here, "target", property(lambda _: SimpleNamespace()))
    act = AnswerQuestions("bands", "quick", str(state / "answer"))
    said = await act.carry_out(Here(Settings(state_dir=state)))
    assert said.code is code
    assert said.left.count(folder.id) == (0 if code is Exit.OK else len(STEPS["bands"]))


@pytest.mark.parametrize("command", [c for c in CHANGING if c.id != "force"], ids=lambda c: c.id)
def test_every_act_fails_by_the_same_table(command: Any, acted: Acted, state: Path) -> None:
    for done, (error, code) in enumerate(SAID.items(), 1):
        acted.error = error
        assert enter(typed(command)) == code, error
        assert [one["result"] for one in entries(state)] == ["failed"] * done


UP = ("status", "endpoints", "books", "tallies", "logs", "metrics", "chaos status")
UP_TOO = ("chaos preview pod-kill-consumer", "split status", "run -n 1", "scale consumer 3 --yes")
ACTS = ("chaos", "split", "experiment", "rebuild_tallies", "settle_books", "purge", "restart")


@pytest.mark.parametrize("words", [*UP, *UP_TOO, *(WORDS[one] for one in ACTS)])
def test_where_no_stack_answers_it_is_3(
    words: str, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agreed = {"tallies rebuild": " --confirm bands", "logs --purge": " --confirm bands"}
    yes = words.split()[0] in ("chaos", "split", "experiment") and "run" in words.split()
    yes = yes or words in (WORDS["split"], WORDS["restart"])
    asked = words + agreed.get(words, " --yes" if yes else "")
    assert enter(asked.split()) == Exit.UNREACHABLE
    assert capsys.readouterr().out == ""


class Seen:
    """A cluster as a command sees it."""

    def __init__(self, notes: tuple[str, ...] = (), found: Endpoints | None = None) -> None:
        pod = Pod("web-1", "web", True, "Running", 0, 1.0, None, None)
        self._fleet, self._found = Fleet((), (pod,), notes=notes), found

    async def fleet(self) -> Fleet:
        return self._fleet

    async def endpoints(self) -> Endpoints:
        assert self._found is not None
        return self._found

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("json", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize(
    ("notes", "code"), [((), Exit.OK), (("autoscalers: 403",), Exit.FAILED)], ids=["all", "part"]
)
def test_clusters_that_are_seen_in_part_are_no_success(
    notes: tuple[str, ...], code: Exit, json: list[str], state: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(status, "targets_of", lambda _: [Seen(), Seen(notes)])
    assert enter(["status", "--context", "a", "--context", "b", *json]) == code
    said = capsys.readouterr()
    assert ("autoscalers: 403" in said.out) == (code is Exit.FAILED)
    assert said.err == ("controlroom: b is seen in part.\n" if notes else "")


@pytest.mark.parametrize("json", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize(
    ("elsewhere", "code"), [(["redis"], Exit.OK), ([], Exit.FAILED)], ids=["side", "missing"]
)
def test_an_endpoint_that_is_missing_is_no_success(
    elsewhere: list[str], code: Exit, json: list[str], state: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    addresses = {"ingress": "http://in:1", "redis": ""}
    found = Endpoints(addresses, absent={"redis": "No right."}, elsewhere=frozenset(elsewhere))
    monkeypatch.setattr(endpoints, "target_of", lambda _: Seen(found=found))
    assert enter(["endpoints", *json]) == code
    said = capsys.readouterr()
    assert "http://in:1" in said.out
    assert "No right." in said.out
    assert said.err == ("" if elsewhere else "controlroom: missing: redis.\n")
