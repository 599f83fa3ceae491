"""What the room asks of the target: where its frames come from, and who carries its acts out.

The launcher gives both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from controlroom.model.effects import ActiveEffect
from controlroom.model.frame import Frame
from controlroom.model.log import LogLine
from controlroom.model.tallies import Chosen

if TYPE_CHECKING:
    from controlroom.commands.chaos import StartFault
    from controlroom.commands.experiment import StartExperiment
    from controlroom.commands.here import Here
    from controlroom.commands.performing import Act, Answer
    from controlroom.commands.question import Fact
    from controlroom.commands.split import StartSplit
    from controlroom.reports import Document
    from controlroom.runs.catalog import ChaosFile
    from controlroom.runs.experiment_files import ExperimentFile
    from controlroom.runs.splits import SplitFile
    from controlroom.targets.abilities import Preview


class FrameSource(Protocol):
    """Where the room's pictures come from."""

    def frame(self, now: float, chosen: Chosen | None = None) -> Frame:
        """Everything as it is known at `now` (seconds since the epoch). Must be cheap.

        `chosen` is what the screen has selected of the tallies: a frame that comes soon shows it.
        None is for who shows no selection.
        """
        ...


@runtime_checkable
class TellsRuns(FrameSource, Protocol):
    """One whose frames have the stories of runs."""

    def tell(self, runs: tuple[str, ...]) -> None:
        """Frames that come soon have the stories of these runs, and of no others."""
        ...


@runtime_checkable
class ShowsDetails(FrameSource, Protocol):
    """One that asks for details of the traffic only while somebody has them in sight."""

    def see(self) -> None:
        """They are in sight now; said again and again while they are."""
        ...


@runtime_checkable
class LooksBack(FrameSource, Protocol):
    """One that knows what was shown before."""

    def past(self, at: float) -> Frame | None:
        """The frame of a moment; None where nothing was kept of it. Reads files: for a thread."""
        ...


class ManySources(FrameSource, Protocol):
    """Frames of several targets, of which one is shown."""

    def sides(self, now: float) -> Sequence[Frame]:
        """The frames of all targets, in their order."""
        ...

    def next_target(self) -> str:
        """Shows the next target; answers its name."""
        ...

    def of(self, number: int) -> OneTarget:
        """One of them by itself, whichever is shown. Numbers begin with 0, in the order of
        `sides`."""
        ...


class Playable(FrameSource, Protocol):
    """Frames of a recording, which can be moved about in."""

    refusal: str
    """What is said of whatever would change anything."""

    @property
    def said(self) -> str:
        """Where it stands, in a few words."""
        ...

    def hold(self) -> None:
        """Stands still, or goes on."""
        ...

    def seek(self, seconds: float) -> None:
        """So much further, or back."""
        ...

    def step(self, seconds: float) -> None:
        """The same, and stands still there."""
        ...

    def to_end(self) -> None:
        """Shows the last moment."""
        ...

    def faster(self, steps: int) -> None:
        """The next speed, or an earlier one."""
        ...


class Commands(Protocol):
    """Who carries out what the room is asked for, and answers its questions.

    All raise `targets.abilities.TargetError` or ValueError with a sentence for the user, `perform`
    also CommandError and RunError.
    """

    async def perform(self, act: Act) -> Answer:
        """Carries an act out on what is shown; it asks through the face of the caller."""
        ...

    def refuse(self, command: str) -> None:
        """Notes that a read-only room was asked for a command. Raises ReadOnlyError."""
        ...

    async def line(self, text: str) -> object:
        """Carries a command line out on what is shown; all is said through the caller's face."""
        ...

    async def chaos_files(self) -> Sequence[ChaosFile]:
        """The experiments that can be chosen."""
        ...

    async def preview_fault(self, act: StartFault) -> Preview:
        """What it would hit now; the act has its experiment afterwards."""
        ...

    async def split_files(self) -> Sequence[SplitFile]:
        """The splits that can be chosen."""
        ...

    async def preview_split(self, act: StartSplit) -> Preview:
        """What would go where now."""
        ...

    async def experiment_files(self) -> Sequence[ExperimentFile]:
        """The experiments that can be chosen; those that do not fit say why."""
        ...

    async def plan_experiment(self, act: StartExperiment) -> Sequence[Fact]:
        """What it would do and hit now."""
        ...

    async def compare_runs(self, runs: Sequence[str]) -> Document:
        """What can be said of these runs, one beside the other."""
        ...

    async def effects(self) -> Sequence[ActiveEffect]:
        """Faults and loads that the target holds by itself, those left behind too."""
        ...

    async def log_page(self, before_first: int, n: int) -> Sequence[LogLine]:
        """Up to n lines that stand before line `before_first` of the log, oldest first."""
        ...

    def where(self) -> Here:
        """What is shown: the target, its scenario, the runs. Whoever asks only looks."""
        ...

    async def retry(self, source: str) -> None:
        """Asks a source that is away to connect again now."""
        ...


class OneTarget(FrameSource, Commands, Protocol):
    """Frames of one target, and who carries out what it is asked for."""
