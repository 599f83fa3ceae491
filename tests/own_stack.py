"""A whole stack in a state folder of its own, through the command line as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.engines.mongo.programs import CHOICE_VARIABLE

PYTHON, RUST = "python", "rust"
"""Kinds of document stores, as the setting names them."""


@dataclass(frozen=True)
class Result:
    """What a command said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)


class OwnStack:
    """Commands against one state folder; `up` and `down` are the command line's.

    `store` is the kind of document store that it begins with, `program` what `controlroom` is.
    """

    def __init__(
        self,
        state: Path,
        store: str = PYTHON,
        program: Sequence[str] = (sys.executable, "-m", "controlroom"),
    ) -> None:
        self.state = state
        self.program = program
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("CONTROLROOM_")},
            "CONTROLROOM_STATE_DIR": str(state),
            "CONTROLROOM_CONFIG_DIR": str(state / "config"),
            CHOICE_VARIABLE: store,
        }

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """`controlroom WORDS` in the background."""
        return subprocess.Popen(
            [*self.program, *words],
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def run(self, *words: str, timeout: float = 120, check: bool = True) -> Result:
        """`controlroom WORDS`; AssertionError with all it said where it fails and `check`."""
        done = subprocess.run(
            [*self.program, *words],
            env=self.env,
            text=True,
            capture_output=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        result = Result(done.returncode, done.stdout, done.stderr)
        if check:
            assert result.code == 0, f"controlroom {' '.join(words)} -> {result}"
        return result

    def status(self) -> Any:
        """`controlroom status --json`."""
        return self.run("status", "--json").json()

    def endpoints(self) -> dict[str, str]:
        """`controlroom endpoints --json`."""
        answer: dict[str, str] = self.run("endpoints", "--json").json()
        return answer

    def books(self) -> dict[str, int]:
        """`controlroom books --json`, whatever its verdict."""
        answer: dict[str, int] = self.run("books", "--json", check=False).json()
        return answer

    def pids(self, deployment: str) -> list[int]:
        """Processes of all containers of a deployment's pods."""
        pods = [pod for pod in self.status()["pods"] if pod["deployment"] == deployment]
        return [c["pid"] for pod in pods for c in pod["containers"] if c["pid"]]

    def engine_pid(self, engine: str) -> int:
        """The process of an engine."""
        found = next(e for e in self.status()["engines"] if e["name"] == engine)
        pid: int = found["pid"]
        return pid
