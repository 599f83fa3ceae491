"""An engine that lives on without serving is started again."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from host.install.progress import Progress
from stack.engines.engine import Engine, NotReady, Silent
from stack.spec import ProcessSpec
from stack.supervisor import engine_supervisor
from stack.supervisor.engine_supervisor import EngineSupervisor
from stack.supervisor.events import Events
from stack.supervisor.output import Output
from tests.waiting import until

pytestmark = pytest.mark.processes

_SERVE = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
_WORK = """
import pathlib, sys, time
pathlib.Path(sys.argv[1]).touch()
end = time.monotonic() + 600
while time.monotonic() < end:
    pass
"""


class Sign(Engine):
    """Serves for as long as its file is there; makes it when it starts."""

    name = "sign"
    version = "1"
    username = ""

    def __init__(
        self, folder: Path, program: str = _SERVE, fault: type[NotReady] = NotReady
    ) -> None:
        self.file = folder / "serving"
        self.asked = 0
        self._program = program
        self._fault = fault

    async def prepare(self, progress: Progress) -> None:
        """Nothing to prepare."""

    def spec(self) -> ProcessSpec | None:
        """A process that makes the file and lives on."""
        argv = (sys.executable, "-c", self._program, str(self.file))
        return ProcessSpec(name=self.name, argv=argv, cwd=self.file.parent, env={})

    async def ready(self, pid: int) -> None:
        """Whether the file is there."""
        self.asked += 1
        if not self.file.exists():
            raise self._fault("the file is gone")

    def address(self) -> str:
        """None is needed."""
        return ""

    def secret(self) -> str | None:
        """There is none."""
        return None


@asynccontextmanager
async def serving(
    engine: Sign, events: Events | None = None, patience: float = 30
) -> AsyncIterator[EngineSupervisor]:
    """A supervisor whose engine serves."""
    kept = EngineSupervisor(engine, Output(), events or Events())
    kept.start([])
    try:
        await until(kept.serving.is_set, "the first life", patience)
        yield kept
    finally:
        await kept.stop()


async def test_it_is_killed_and_serves_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the second question comes soon, however long a serving engine is left alone
    monkeypatch.setattr(engine_supervisor, "ALIVE_EVERY", 0.5)
    monkeypatch.setattr(engine_supervisor, "AGAIN_EVERY", 0.05)
    engine, events = Sign(tmp_path), Events()
    async with serving(engine, events, patience=20) as kept:
        first = kept.pid
        engine.file.unlink()
        await until(lambda: kept.restarts == 1 and kept.serving.is_set(), "the second life")
        assert kept.pid not in (None, first)
        assert engine.file.exists()
        reasons = [event.reason for event in events.after(0)]
        assert reasons == ["Started", "Ready", "Unhealthy", "Died", "Started", "Ready"]


async def test_one_question_without_an_answer_is_forgiven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_supervisor, "ALIVE_EVERY", 0.2)
    monkeypatch.setattr(engine_supervisor, "AGAIN_EVERY", 0.2)
    engine = Sign(tmp_path)
    async with serving(engine, patience=20) as kept:
        first = kept.pid
        engine.file.unlink()
        await until(lambda: bool(kept.message), "a question without an answer")
        engine.file.touch()
        await until(lambda: not kept.message, "an answer again")
        assert (kept.pid, kept.restarts) == (first, 0)


async def test_one_that_is_late_and_works_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store on a busy machine: to kill it makes its work longer, and cuts everybody off."""
    monkeypatch.setattr(engine_supervisor, "ALIVE_EVERY", 0.2)
    monkeypatch.setattr(engine_supervisor, "AGAIN_EVERY", 0.2)
    monkeypatch.setattr(engine_supervisor, "BUSY_DEAD_AFTER", 1_000)
    engine = Sign(tmp_path, _WORK, Silent)
    async with serving(engine) as kept:
        first, asked = kept.pid, engine.asked
        engine.file.unlink()
        await until(
            lambda: engine.asked > asked + 3 * engine_supervisor.DEAD_AFTER, "many questions", 60
        )
        assert (kept.pid, kept.restarts) == (first, 0)
        assert kept.message == "the file is gone", "it is told, though"
        engine.file.touch()
        await until(lambda: not kept.message, "an answer again", 30)


@pytest.mark.parametrize(
    ("program", "fault", "most"),
    [(_WORK, Silent, 8), (_WORK, NotReady, 4), (_SERVE, Silent, 4)],
    ids=["works in vain", "works and refuses", "silent and idle"],
)
async def test_one_that_will_not_serve_again_is_killed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    fault: type[NotReady],
    most: int,
) -> None:
    monkeypatch.setattr(engine_supervisor, "ALIVE_EVERY", 0.2)
    monkeypatch.setattr(engine_supervisor, "AGAIN_EVERY", 0.2)
    monkeypatch.setattr(engine_supervisor, "BUSY_DEAD_AFTER", 8)
    monkeypatch.setattr(engine_supervisor, "DEAD_AFTER", 4)
    engine = Sign(tmp_path, program, fault)
    async with serving(engine) as kept:
        first, asked = kept.pid, engine.asked
        engine.file.unlink()
        await until(lambda: kept.pid != first, "its end", 60)
        # one question may have been asked before the file was gone
        assert engine.asked - asked in (most, most + 1)
