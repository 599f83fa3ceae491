"""A source and commands for the room that record what they were asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlroom.commands.chaos import PauseFault, StartFault, StopFault
from controlroom.commands.exits import ReadOnlyError
from controlroom.commands.experiment import StartExperiment
from controlroom.commands.face import FACE
from controlroom.commands.here import Here
from controlroom.commands.keeping import RemoveRuns
from controlroom.commands.performing import Act, Answer
from controlroom.commands.question import Fact, Question
from controlroom.commands.registry import named
from controlroom.commands.run import StartLoad, StopLoad
from controlroom.commands.scale import Restart, Scale
from controlroom.commands.split import StartSplit
from controlroom.model.effects import ActiveEffect
from controlroom.model.frame import Frame
from controlroom.model.log import LogLine
from controlroom.model.tallies import Chosen
from controlroom.reports import Document
from controlroom.runs.catalog import ChaosFile
from controlroom.runs.experiment_files import ExperimentFile
from controlroom.runs.splits import SplitFile, split_files, splits_dir
from controlroom.settings import Settings
from controlroom.targets.abilities import Preview, Refused
from scenarios.loading import load
from scenarios.scenario import Scenario
from stack.faults.splitting import effect_of, told_branches


class FixedSource:
    """Always the same frame, until another is put in."""

    def __init__(self, frame: Frame) -> None:
        self.now = frame
        self.asked = 0
        self.chosen: Chosen = ()
        self.calm = False

    def frame(self, now: float, chosen: Chosen | None = None) -> Frame:
        self.asked += 1
        self.chosen = chosen or self.chosen
        return self.now


KILL = ChaosFile(
    "chaos/pod-kill-consumer.yaml", "pod-kill-consumer", "PodChaos", "pod-kill", "consumer", {}
)
PARTITION = ChaosFile(
    "chaos/partition-redis.yaml", "partition-redis", "NetworkChaos", "partition", "consumer", {},
    "blast", 30.0,
)  # fmt: skip
BROKEN = ChaosFile(
    "chaos/stress.yaml", "stress", "StressChaos", "stress", "consumer", {}, error="not supported"
)


class FakeHere(Here):
    """A place where previews come from the commands, and nothing is connected."""

    def __init__(self, commands: RecordedCommands) -> None:
        super().__init__(commands.settings)
        self._commands = commands

    @property
    def target(self) -> Any:
        return self._commands

    async def scenario(self) -> Scenario:
        return load("bands")


class RecordedCommands:
    """Asks what acts ask, does nothing and remembers everything."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.settings = Settings()
        self.refuse_with = ""
        """When set, what a start is refused with."""
        self.page: list[LogLine] = []
        self.holding: list[ActiveEffect] = []

    async def check_pause(self, fault: str) -> None:
        """Every fault here can be paused."""

    def _note(self, *call: object) -> str:
        if self.refuse_with:
            raise Refused(self.refuse_with, "Try again later.")
        self.calls.append(call)
        return f"{call[0]}: done"

    async def perform(self, act: Act) -> Answer:
        if isinstance(act, StartFault):
            assert act.entry is not None
            question: Question | None = act.question(await self.preview_fault(act))
        elif isinstance(act, StartSplit):
            question = act.question(await self.preview_split(act))
        else:
            question = await act.prepare(FakeHere(self))
        if question is not None:
            await FACE.get().ask(question)
        if isinstance(act, StartLoad):
            await self.before_load()
        return Answer(self._note(*_call(act)))

    async def before_load(self) -> None:
        """What a load takes its time for."""

    def refuse(self, command: str) -> None:
        raise ReadOnlyError(named(command).refusal)

    async def line(self, text: str) -> None:
        self._note("line", text)

    async def split_files(self) -> Sequence[SplitFile]:
        return split_files(splits_dir(load("bands")))

    async def preview_split(self, act: StartSplit) -> Preview:
        act.spec = act.read(Settings(), splits_dir(load("bands")))
        shares = told_branches(act.spec.split, dict.fromkeys(("producer-http", "producer-wasm"), 2))
        return Preview(
            len(shares), act.spec.shares, len(shares), 4, effect_of(act.spec.split),
            "It ends by itself after 1m.", (), shares,
        )  # fmt: skip

    async def chaos_files(self) -> Sequence[ChaosFile]:
        return (KILL, PARTITION, BROKEN)

    async def preview_fault(self, act: StartFault) -> Preview:
        return Preview(
            3, ("consumer-7f9c",), 1, 2, "12 partitions move in about 1 s.",
            "At once; the pod is replaced by the deployment.", (),
        )  # fmt: skip

    async def preview_restart(self, deployment: str) -> Preview:
        return Preview(
            2, ("consumer-7f9c", "consumer-x2b1"), 2, 2, "Each pod is ended once its successor is "
            "ready.", "When all are replaced.",
        )  # fmt: skip

    async def experiment_files(self) -> Sequence[ExperimentFile]:
        return ()

    async def plan_experiment(self, act: StartExperiment) -> Sequence[Fact]:
        return ()

    async def compare_runs(self, runs: Sequence[str]) -> Document:
        return Document(" against ".join(runs), ())

    async def effects(self) -> Sequence[ActiveEffect]:
        return self.holding

    async def log_page(self, before_first: int, n: int) -> Sequence[LogLine]:
        self._note("log_page", before_first, n)
        return self.page

    def where(self) -> Here:
        return FakeHere(self)

    async def retry(self, source: str) -> None:
        self._note("retry", source)


def _call(act: Act) -> tuple[object, ...]:
    """What tests read of an act."""
    match act:
        case StartFault():
            return "chaos", act.entry
        case StartLoad():
            return "load", act.spec
        case Scale():
            return "scale", act.deployment, act.replicas
        case Restart():
            return "restart", act.deployment
        case PauseFault():
            return act.command, act.fault
        case RemoveRuns():
            return act.command, act.runs
        case StopLoad() | StopFault() if act.command != "stop_all":
            return act.command, act.wanted
    return (act.command,)
