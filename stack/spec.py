"""What it takes to run one process."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A command with its surroundings and the way it is asked to end."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: dict[str, str] = field(default_factory=dict)
    """The whole environment of the child, nothing is inherited beside it."""
    stdin: bytes | None = None
    """Written to the child's standard input, which is then closed. None means /dev/null."""
    stop_signal: int = signal.SIGTERM
    stop_timeout: float = 10.0
    """Seconds between the stop signal and SIGKILL."""
