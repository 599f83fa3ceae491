"""A room whose engines go away, hang, come back with other data and talk nonsense, in any order.

`CONTROLROOM_FUZZ_STEPS` and `CONTROLROOM_FUZZ_SEED` make the walk longer, and another one.
"""

from __future__ import annotations

import logging
import os
import random
import re
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from controlroom.app import ControlRoom
from controlroom.model.frame import BOOKS, LOG, QUEUES, Frame, Panel
from controlroom.model.samples import Failed, Report
from controlroom.settings import Settings
from controlroom.wiring import Room
from scenarios.loading import load
from tests.conftest import Engines
from tests.own_stack import OwnStack
from tests.room.fakes import RecordedCommands
from tests.room.rooms import screen_text
from tests.room.typing import burst, handled
from tests.waiting import until
from tests.walk.grounds import ENGINES, NEEDS, OTHER, Grounds, grounds, other, right
from tests.walk.nonsense import NONSENSE

STEPS = int(os.environ.get("CONTROLROOM_FUZZ_STEPS", "40"))
SEED = int(os.environ.get("CONTROLROOM_FUZZ_SEED", "23"))
BOUND = 45.0
"""Seconds in which a panel says how its engine is: the longest pause between two tries, and the
longest time that a source is waited for."""
MOST_AWAY = 2
"""Engines that are not well at once, so that there are panels that live."""
PYTHON = re.compile(
    r"NoneType|has no attribute|not subscriptable|invalid literal|unpack|could not convert"
    r"|object is not|out of range|indices must|codec can't|: '\w+'$|Error\b|Traceback|asyncio"
)
"""What Python says of our own mistakes, and people cannot read."""


class Walk:
    """One room on its way."""

    def __init__(self, ground: Grounds, room: Room, app: ControlRoom, dice: random.Random) -> None:
        self.ground = ground
        self.room = room
        self.app = app
        self.dice = dice
        self.states = dict.fromkeys(ENGINES, "good")
        self.seen: set[tuple[str, str]] = set()
        self.told: list[str] = []
        self.reasons: set[str] = set()
        self.since = 0.0
        self.failed: dict[str, float] = {}
        """Panel -> when its source last said that it failed."""
        room.record(self)  # type: ignore[arg-type]

    def put(self, report: Report) -> None:
        """Hears what the board is told."""
        if isinstance(report, Failed):
            self.failed[report.source] = report.at

    def close(self) -> None:
        """Nothing to end."""

    def drawn(self) -> tuple[str, str]:
        """The next step: an engine, and how it is from then on. What was not seen goes first."""
        away = [name for name, state in self.states.items() if state != "good"]
        if len(away) >= MOST_AWAY and self.dice.random() < 0.6:
            return self.dice.choice(away), "good"
        names = away if len(away) >= MOST_AWAY else ENGINES
        steps = [
            (name, state)
            for name in names
            for state in ("good", "away", "hung", "hung in an answer", "other", "nonsense")
            if state != self.states[name] or state == "nonsense"
            if (name, state) != ("daemon", "other")
        ]
        new = [step for step in steps if step not in self.seen and step[1] != "good"]
        return self.dice.choice(new if new and self.dice.random() < 0.7 else steps)

    async def step(self) -> None:
        """Goes one step, and asks the room of everything."""
        engine, state = self.drawn()
        self.seen.add((engine, state))
        before = self.states[engine]
        name, what = state, ""
        if before == "other" and state != "other":
            await self._as_it_was(engine)
        gate = self.ground.doors[engine]
        if state == "good":
            await gate.carry()
        elif state == "away":
            await gate.refuse()
        elif state == "hung":
            await gate.hang()
        elif state == "hung in an answer":
            await gate.hang(self.dice.randint(1, 200))
        elif state == "other":
            name = what = await self._other(engine)
        else:
            name = self.dice.choice(sorted(NONSENSE[engine]))
            await gate.talk(NONSENSE[engine][name])
        self.states[engine] = state
        self.told.append(f"{engine}: {name}" if name == state else f"{engine}: {state}, {name}")
        self.since = time.time()
        if self.dice.random() < 0.8:
            # as its key does; else the room comes to it by itself
            for panel in NEEDS:
                self.room.retry(panel)
        began = time.monotonic()
        await self.asked(engine, what)
        self.told[-1] += f" ({time.monotonic() - began:.1f} s)"
        print(self.told[-1], flush=True)

    async def _other(self, engine: str) -> str:
        what = self.dice.choice(OTHER[engine])
        if engine == "redis":
            await self.ground.other_redis(what)
        elif engine == "mongo":
            await self.ground.other_documents(what)
        elif engine == "kafka":
            await self.ground.topic_anew()
        await self.ground.doors[engine].carry(self.ground.others.get(engine))
        return what

    async def _as_it_was(self, engine: str) -> None:
        if engine == "mongo":
            await self.ground.documents_back()
        elif engine == "kafka":
            await self.ground.begin_anew()
        else:
            self.ground.doors[engine].goes_to(self.ground.homes[engine])

    async def asked(self, engine: str, what: str) -> None:
        """What holds after every step. `what` the engine knows now, where that is something
        else."""
        for panel, needs in NEEDS.items():
            states = {self.states[name] for name in needs}
            if states == {"good"} and self._steady(panel):
                await self._until(partial(self.right, panel), f"{panel} is right")
            elif states & {"away", "hung", "hung in an answer", "nonsense"}:
                await self._until(partial(self.honest, panel), f"{panel} says how it is")
        if what:
            await self._until(lambda: other(self.room.frame(), engine, what), "the other figures")
        await self._until(self._drawn, "it is drawn")
        await self._keys()
        assert self.app._exception is None
        assert not list((self.room.settings.state_dir / "log").glob("*"))

    def _steady(self, panel: str) -> bool:
        """The figures of the books and the log hang together with what the others have."""
        return panel not in (BOOKS.name, LOG.name) or "other" not in self.states.values()

    def right(self, panel: str) -> bool:
        frame = self.room.frame()
        shown: Panel[object] = frame.panels[panel]
        age = shown.age(frame.now)
        return shown.health.ok and age is not None and age < BOUND and right(frame, panel)

    def honest(self, panel: str) -> bool:
        frame = self.room.frame()
        health = frame.panels[panel].health
        if health.state == "stale":
            return True
        if health.state not in ("reconnecting", "denied"):
            return False
        hung = any(self.states[name].startswith("hung") for name in NEEDS[panel])
        if not hung and self.failed.get(panel, 0.0) < self.since:
            return False  # what was before this step
        assert health.error, f"{panel} says no reason"
        if "what cannot be read" not in health.error:
            assert not PYTHON.search(health.error), f"{self.way}: {panel}: {health.error}"
        self.reasons.add(f"{panel}: {health.error}")
        assert health.fix
        return True

    async def _until(self, true: Callable[[], bool], what: str) -> None:
        await until(lambda: self._living() and true(), f"{self.way}: {what}", BOUND)

    def _living(self) -> bool:
        """No panel is away whose engines are all there."""
        frame: Frame = self.room.frame()
        for panel, needs in NEEDS.items():
            if {self.states[name] for name in needs} == {"good"} and panel in self.well:
                health = frame.panels[panel].health
                assert health.state not in ("reconnecting", "denied"), (
                    f"{self.way}: {panel}: {health.error}"
                )
        return True

    @property
    def well(self) -> set[str]:
        """Panels that nothing of late has to do with."""
        changed = self.told[-1].partition(":")[0]
        return {panel for panel, needs in NEEDS.items() if changed not in needs}

    @property
    def way(self) -> str:
        """How it came to this."""
        return f"seed {SEED}, step {len(self.told)}: {', '.join(self.told[-6:])}"

    def _drawn(self) -> bool:
        """Figures of before are marked, and what is away is said."""
        frame, shown = self.room.frame(), screen_text(self.app)
        for panel in NEEDS:
            state = frame.panels[panel].health.state
            if state in ("reconnecting", "denied"):
                if state not in shown:
                    return False
                if frame.panels[panel].value is not None and panel != QUEUES.name:
                    return "old: " in shown
        return True

    async def _keys(self) -> None:
        for wanted in (True, False):
            burst(self.app, "z")
            await handled(self.app, 5)
            assert self.app.room.zoomed is wanted, f"{self.way}: a key"


@pytest.fixture
async def ground(
    engines: Engines, stack: OwnStack, make_scenario: Callable[[str], Path], tmp_path: Path
) -> AsyncIterator[Grounds]:
    scenario = load(make_scenario("bands"))
    async with grounds(engines, scenario, stack.state, tmp_path) as made:
        yield made


@pytest.mark.timeout(3600)
async def test_a_room_lives_through_whatever_its_engines_do(
    ground: Grounds, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(state_dir=tmp_path / "room")
    room = Room(ground.scenario, ground.target, settings)  # type: ignore[arg-type]
    app = ControlRoom(room, RecordedCommands())
    walk = Walk(ground, room, app, random.Random(SEED))
    await room.start()
    try:
        async with app.run_test(size=(200, 60)):
            for panel in NEEDS:
                await until(partial(walk.right, panel), f"{panel} at first", BOUND)
            for _ in range(STEPS):
                await walk.step()
        print(*sorted(walk.reasons), sep="\n")
    finally:
        await room.stop()
    said = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    assert not said, said
