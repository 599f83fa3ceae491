"""What the room asks of the world: where its frames come from, and what its keys start.

The launcher gives both. Every command that the room sends has an equal command line, which the
dialogs show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from controlroom.model.frame import Frame
from controlroom.model.held import Held
from controlroom.model.log import LogLine

if TYPE_CHECKING:
    from controlroom.runs.catalog import ChaosFile
    from controlroom.runs.spec import LoadSpec
    from controlroom.targets.abilities import Preview


class FrameSource(Protocol):
    """Where the room's pictures come from."""

    def frame(self, now: float) -> Frame:
        """Everything as it is known at `now` (seconds since the epoch). Must be cheap."""
        ...


class ManySources(FrameSource, Protocol):
    """Frames of several targets, of which one is shown."""

    def sides(self, now: float) -> Sequence[Frame]:
        """The frames of all targets, in their order."""
        ...

    def next_target(self) -> str:
        """Shows the next target; answers its name."""
        ...


class Commands(Protocol):
    """What the keys of the room do.

    All raise `targets.abilities.TargetError` or ValueError with a sentence for the user.
    Those that answer text answer one sentence about what was done.
    """

    async def chaos_files(self) -> Sequence[ChaosFile]:
        """The experiments that can be chosen."""
        ...

    async def preview_fault(self, file: ChaosFile) -> Preview:
        """What it would hit now."""
        ...

    async def start_chaos(self, file: ChaosFile) -> str:
        """Starts a chaos run."""
        ...

    async def start_load(self, spec: LoadSpec) -> str:
        """Starts a load run."""
        ...

    async def stop_all(self) -> str:
        """Ends all load and chaos and verifies that nothing is left injected."""
        ...

    async def scale(self, deployment: str, replicas: int) -> str:
        """Changes the number of replicas."""
        ...

    async def preview_restart(self, deployment: str) -> Preview:
        """Which pods a restart would replace."""
        ...

    async def restart(self, deployment: str) -> str:
        """Replaces all pods of a deployment."""
        ...

    async def held(self) -> Sequence[Held]:
        """Faults and loads that the target holds by itself, those left behind too."""
        ...

    async def pause_held(self, one: Held, on: bool) -> str:
        """Lifts a fault for a while, or puts it back."""
        ...

    async def end_held(self, one: Held) -> str:
        """Ends a fault or a load."""
        ...

    async def purge_logs(self) -> str:
        """Removes all stored documents of the scenario; the fence stays."""
        ...

    async def choose(self, selection: int, key: str) -> None:
        """Selects a `Choice` of the tallies' n-th `Selection`."""
        ...

    async def log_page(self, before_first: int, n: int) -> Sequence[LogLine]:
        """Up to n lines that stand before line `before_first` of the log, oldest first."""
        ...

    async def retry(self, source: str) -> None:
        """Asks a source that is away to connect again now."""
        ...
