"""Every act of the registry, carried out by any face without a world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from controlroom.commands import books
from controlroom.commands.command import Command
from controlroom.commands.exits import Declined
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer
from controlroom.commands.question import Question
from controlroom.commands.registry import commands, verbs
from controlroom.model.books import Books
from controlroom.targets.abilities import Preview, TargetInfo
from scenarios.loading import load
from scenarios.scenario import Scenario
from wire.queues.kafka.books import KafkaBooks

WORDS = {
    "load": "run -n 1 --detach",
    "chaos": "chaos run pod-kill-consumer --detach",
    "split": "split start http-50-faulty-50 --detach",
    "stop_split": "split stop r-0001",
    "experiment": "experiment run paths --detach",
    "stop_experiment": "experiment stop r-0001",
    "answer": "answer bands",
    "scale": "scale consumer 3",
    "restart": "scale consumer --restart",
    "purge": "logs --purge",
    "stop_all": "chaos stop --all",
    "release": "chaos release",
    "stop": "chaos stop r-0001",
    "pause_fault": "chaos pause podchaos/one",
    "resume_fault": "chaos resume podchaos/one",
    "force": "chaos force podchaos/one --context lab-a",
    "stop_load": "run stop r-0001",
    "note_run": "runs note r-0001 seen",
    "name_baseline": "runs baseline main r-0001",
    "remove_runs": "runs rm r-0001",
    "rebuild_tallies": "tallies rebuild",
    "settle_books": "books --settle bands",
    "up": "up",
    "down": "down",
    "deploy": "deploy --context lab-a --overlay lab-one",
    "undeploy": "undeploy --context lab-a --overlay lab-one",
    "torture": "torture --state there --faults 1",
    "lab_up": "lab up",
    "lab_down": "lab down",
    "lab_build": "lab build",
    "lab_images": "lab images",
    "lab_cut": "lab link cut",
    "lab_mend": "lab link mend",
    "lab_load_image": "lab load-image one.tar",
    "lab_restart": "lab restart kubelet --cluster a",
}
"""Id of a command -> a command line that is complete."""

CHANGING = [command for command in commands() if command.changes]


def ids(command: Command) -> str:
    """Names the cases."""
    return command.id


def asks(command: Command) -> bool:
    """Whether it asks; the form of a load is its own question in the room."""
    return command.level != "harmless" and command.id != "load"


class Target:
    """Whose pods are always the same."""

    async def info(self) -> TargetInfo:
        return TargetInfo("here", "bands")

    async def preview(self, manifest: object) -> Preview:
        return Preview(3, ("consumer-1",), 1, 2, "It is killed.", "At once.")

    async def preview_restart(self, deployment: str) -> Preview:
        return Preview(2, ("consumer-1",), 2, 2, "All are replaced.", "When they are.")

    async def check_pause(self, fault: str) -> None:
        """Every fault can be paused."""

    async def close(self) -> None:
        """Nothing is open."""


class Acted:
    """Which acts were carried out, and what comes of them."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.error: Exception | None = None
        self.answer = Answer("It is done.", data={"done": True})

    async def carry_out(self, act: Act) -> Answer:
        if self.error is not None:
            raise self.error
        self.acts.append(act)
        if hasattr(act, "run"):
            act.run = SimpleNamespace(id="r-0001")
        if hasattr(act, "report"):
            act.report = SimpleNamespace(passed=True, text=lambda: "passed")
        return self.answer


@pytest.fixture
def acted(monkeypatch: pytest.MonkeyPatch) -> Acted:
    """No act does anything; what they look at is always the same."""
    made = Acted()

    async def carry_out(act: Act, here: Here) -> Answer:
        return await made.carry_out(act)

    async def scenario(here: Here) -> Scenario:
        return load("bands")

    async def audited(*_: object) -> Books:
        return KafkaBooks("bands", *(0 for _ in range(8)))

    for verb in verbs():
        verb.load()
    for kind in _kinds(Act):
        if "carry_out" in vars(kind) and not kind.of_room:
            monkeypatch.setattr(kind, "carry_out", carry_out)
    monkeypatch.setattr(Here, "target", property(lambda here: Target()))
    monkeypatch.setattr(Here, "scenario", scenario)
    monkeypatch.setattr(books, "_audited", audited)
    monkeypatch.setattr(books, "verb_context", _verb_context)
    return made


def _kinds(kind: type[Act]) -> Iterator[type[Act]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


@asynccontextmanager
async def _verb_context(*_: object, **__: object) -> AsyncIterator[Any]:
    yield SimpleNamespace(endpoints=None, scenario=load("bands"))


class Asked:
    """A face that answers at once."""

    passing = True

    def __init__(self, agrees: bool) -> None:
        self.agrees = agrees
        self.questions: list[Question] = []
        self.lines: list[str] = []
        self.talk: Callable[[str], None] = self.lines.append
        self.emit: Callable[[str], None] = self.lines.append

    def show(self, question: Question) -> None:
        """Nothing is shown."""

    async def ask(self, question: Question) -> None:
        self.questions.append(question)
        if not self.agrees:
            raise Declined("No.")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own, also for what runs in this process."""
    monkeypatch.setenv("CONTROLROOM_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("CONTROLROOM_DURABILITY", "process")
    monkeypatch.chdir(tmp_path)
    # what is asked before a run is removed says which it is
    (tmp_path / "runs" / "r-0001").mkdir(parents=True)
    return tmp_path
