"""What the room asks of the world: where its frames come from, and what its keys start.

The launcher gives both. Every command that the room sends has an equal command line, which the
dialogs show.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from controlroom.model.duration import format_duration
from controlroom.model.frame import Frame
from controlroom.model.log import LogLine
from controlroom.targets.abilities import Preview

LoadPath = Literal["http", "grpc"]


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """A load run as it is asked for."""

    path: LoadPath = "http"
    file: str | None = None
    """Data file; None generates events from the scenario's samples."""
    users: int = 10
    number: int | None = None
    """How many requests; None sends until the timeout."""
    rate: float | None = None
    """Requests per second over all users; None is as fast as they can."""
    timeout: float = 60.0
    """Seconds after which it ends at the latest."""
    repeat: bool = False
    """Whether the file starts again when it is used up."""

    def command(self) -> str:
        """The equal command line."""
        words = ["controlroom", "run"]
        if self.path != "http":
            words += ["--path", self.path]
        if self.file is not None:
            words += ["-f", self.file]
        words += ["--concurrency", str(self.users)]
        if self.number is not None:
            words += ["-n", str(self.number)]
        if self.rate is not None:
            words += ["--rate", f"{self.rate:g}"]
        words += ["--timeout", format_duration(self.timeout)]
        if self.repeat:
            words.append("--repeat")
        return shlex.join(words)


@dataclass(frozen=True, slots=True)
class ChaosFile:
    """One experiment of the folder `chaos/`."""

    path: str
    name: str
    """`metadata.name` of the object."""
    kind: str
    action: str
    deployment: str
    """What it aims at; typed by hand to confirm a blast."""
    manifest: Mapping[str, Any]
    level: Literal["reversible", "blast"] = "reversible"
    duration: float | None = None
    """Seconds until it ends; None where it is over at once."""
    error: str = ""
    """Why the file cannot be used; empty when it can."""

    def command(self) -> str:
        """The equal command line."""
        return shlex.join(["controlroom", "chaos", "run", self.path])


class FrameSource(Protocol):
    """Where the room's pictures come from."""

    def frame(self, now: float) -> Frame:
        """Everything as it is known at `now` (seconds since the epoch). Must be cheap."""
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
