"""When a block injects and what ends it, by a clock of the test's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlroom.experiments.measures import Phase, Sample
from controlroom.model.run import RunView
from controlroom.runs.experiment_block import Aborted, BlockRun, Stopped
from controlroom.runs.experiment_spec import ExperimentSpec, Injected
from controlroom.runs.folder import RunFolder
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import ChaosSpec
from controlroom.runs.store import RunStore
from tests.experiments.samples import sample

TEXT = """\
scenario: bands
load: {users: 4}
phases: {warm_up: 3s, baseline: 5s, fault: 6s}
arms: [{name: one, fault: now}]
faults:
  - {file: later, at: 3s}
  - {file: lagging, when: {measure: lag, above: 40}}
  - {file: never, when: {measure: lag, above: 4000}}
guards: [{measure: lag, above: 1000, for: 2s}]
"""
MANIFEST = {"kind": "PodChaos", "metadata": {"name": "one"}, "spec": {"action": "pod-kill"}}


class Clock:
    """Goes on by what is slept."""

    def __init__(self) -> None:
        self.now = 100.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Seeing:
    """Stands in for observer and meter: lag as the test says, by the clock."""

    def __init__(self, clock: Clock, lag: Callable[[float], int | None]) -> None:
        self._clock, self._lag = clock, lag

    def sample(self, phase: str, meter: object) -> Sample:
        at = self._clock.now
        return sample(at, phase, lag=self._lag(at - 100.0))

    def begin(self, name: str) -> None:
        """A phase of the load begins."""

    def close(self) -> None:
        """It is over."""

    def phase(self, name: str) -> None:
        """A phase of whoever looks at the fleet."""

    def services(self, phase: str) -> dict[str, dict[str, float]]:
        return {}

    async def golden(self, seconds: float) -> dict[str, float | None]:
        return {}


class Hitting(BlockRun):
    """Notes what it would inject, and when."""

    injected: list[tuple[str, float]]
    clock: Clock

    async def _inject(self, spec: ChaosSpec) -> None:
        self.injected.append((spec.name, round(self.clock.now - 100.0, 1)))


@pytest.fixture
def block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Hitting]:
    """Makes a block whose lag is what a function says of the second."""

    def make(lag: Callable[[float], int | None]) -> Hitting:
        clock = Clock()
        monkeypatch.setattr(time, "monotonic", lambda: clock.now)
        monkeypatch.setattr(asyncio, "sleep", clock.sleep)
        faults = {one: Injected(MANIFEST, one, "") for one in ("now", "later", "lagging", "never")}
        spec = ExperimentSpec(yaml.safe_load(TEXT), "mine", order=("one",), faults=faults)
        run = RunWriter(
            RunFolder(tmp_path),
            RunView("r-1", "experiment", "mine", "running", 0.0, None, None, ""),
        )
        seen: Any = Seeing(clock, lag)
        made = Hitting(run, spec, RunStore(tmp_path), seen, seen, 0, "one")
        made.injected, made.clock = [], clock
        return made

    return make


async def test_faults_begin_at_their_time_or_once_their_condition_holds(
    block: Callable[..., Hitting],
) -> None:
    one = block(lambda second: 50 if second >= 4 else 10)
    await one._hit(6.0)
    assert one.injected == [("now", 0.0), ("later", 3.0), ("lagging", 4.0)]
    notes = (one._run.folder.path / "journal.jsonl").read_text()
    assert '"name": "never", "why": "its condition did not hold"' in notes


async def test_a_guard_ends_the_phase_and_says_why(block: Callable[..., Hitting]) -> None:
    one = block(lambda second: 5000 if second >= 2 else None if second >= 1 else 0)
    with pytest.raises(Aborted, match=r"^guard: lag above 1000 for 2s \(now 5000\)$"):
        await one._go("baseline", 60.0)
    assert round(one.clock.now - 100.0) == 2, "no data was the first second of the breach"
    assert len((one._run.folder.path / "samples.jsonl").read_text().splitlines()) == 2


async def test_guards_do_not_watch_the_warm_up(block: Callable[..., Hitting]) -> None:
    one = block(lambda second: 5000)
    await one._go("warm_up", 5.0)
    assert one._phases() == dict[str, Phase]()


async def test_whoever_asks_for_the_end_has_it_within_a_second(
    block: Callable[..., Hitting],
) -> None:
    one = block(lambda second: 0)
    one._run.folder.ask_stop()
    with pytest.raises(Stopped):
        await one._go("baseline", 60.0)
    assert one.clock.now - 100.0 < 1.0
