"""The folder of one run: what each of its files is called and how it is read and replaced."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from controlroom.model.run import RunView
from controlroom.runs.journal import Journal
from controlroom.runs.kind import Spec
from controlroom.runs.pinning import NOTES
from controlroom.runs.registry import kind_of
from host.liveness import Proof
from host.paths import write_private

START_GRACE = 20.0
"""Seconds that a new run may be without a runner: its interpreter is starting."""


SPEC = "spec.json"


def told(spec: Spec) -> dict[str, Any]:
    """A spec as its file holds it."""
    return {"kind": spec.run_kind, **asdict(spec), "command": spec.command()}


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk."""

    path: Path

    @property
    def id(self) -> str:
        """`r-0001`."""
        return self.path.name

    @property
    def journal(self) -> Journal:
        """What happened."""
        return Journal(self.path / "journal.jsonl")

    @property
    def log(self) -> Path:
        """What the processes of the run said."""
        return self.path / "log.txt"

    @property
    def acknowledged(self) -> Path:
        """Ranges of request numbers that were answered with success, a line for each report."""
        return self.path / "acknowledged.jsonl"

    def write_spec(self, spec: Spec) -> None:
        """Keeps what was asked."""
        self._write(SPEC, told(spec))

    def read_spec(self) -> Spec:
        """What was asked.

        Raises FileNotFoundError, msgspec.ValidationError, SpecError for a kind that is not here.
        """
        asked = self.read_asked()
        return kind_of(asked["kind"]).read(asked)

    def read_asked(self) -> dict[str, Any]:
        """What was asked as the file has it, also of a kind that is not here."""
        asked: dict[str, Any] = json.loads((self.path / SPEC).read_bytes())
        return asked

    def write_view(self, view: RunView) -> None:
        """Replaces what readers see; only the runner calls this once it runs."""
        fields = asdict(view)
        for optional in ("figures", "split"):
            if fields[optional] is None:
                del fields[optional]
        del fields["owner"]  # it has a file of its own
        self._write("view.json", fields)

    def read_view(self) -> RunView | None:
        """What the run looks like now; None when the folder holds no view that can be read."""
        view = self._stored_view()
        if view is None or not view.active or self.runner_alive:
            return view
        # the runner's last word may have come between the two looks
        view = self._stored_view()
        return self._lost(view) if view is not None and view.active else view

    def write_result(self, result: dict[str, Any]) -> None:
        """Keeps what came out."""
        self._write("result.json", result)

    def read_result(self) -> dict[str, Any] | None:
        """What came out; None while the run goes on or when it never got there."""
        try:
            result = json.loads((self.path / "result.json").read_bytes())
        except (OSError, ValueError):
            return None
        return result if isinstance(result, dict) else None

    def write_runner(self, proof: Proof) -> None:
        """Says which process conducts the run."""
        self._write("runner.json", asdict(proof))

    def read_runner(self) -> Proof | None:
        """The process that conducts the run, where it is known."""
        try:
            return msgspec.json.decode((self.path / "runner.json").read_bytes(), type=Proof)
        except (OSError, msgspec.DecodeError):
            return None

    def write_owner(self, run: str) -> None:
        """Says which run began this one, and ends it by its own death."""
        (self.path / "owner").write_text(run)

    @property
    def owner(self) -> str:
        """The run that began it; empty where a person did."""
        try:
            return (self.path / "owner").read_text()
        except (OSError, ValueError):
            return ""

    @property
    def noted(self) -> bool:
        """Whether somebody wrote a note to it."""
        return (self.path / NOTES).exists()

    def size(self) -> int:
        """Bytes of all of its files."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                # a file that is just being replaced may be gone meanwhile
                with suppress(FileNotFoundError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total

    @property
    def runner_alive(self) -> bool:
        """Whether somebody conducts the run, or is just about to."""
        proof = self.read_runner()
        if proof is not None:
            return proof.alive
        return time.time() - self.path.stat().st_mtime < START_GRACE

    def ask_stop(self, cut: bool = False) -> None:
        """Asks the runner to drain and end; `cut` does not wait for answers in flight."""
        (self.path / "stop").touch()
        if cut:
            (self.path / "cut").touch()

    @property
    def stop_asked(self) -> bool:
        """Whether somebody wants the run to end, or the run that began it is over or dead."""
        if (self.path / "stop").exists():
            return True
        owner = self._owner
        return owner is not None and (
            owner.stop_asked or not owner.path.exists() or not owner.runner_alive
        )

    @property
    def cut_asked(self) -> bool:
        """Whether somebody wants the run to end without waiting."""
        owner = self._owner
        return (self.path / "cut").exists() or (owner is not None and owner.cut_asked)

    @property
    def _owner(self) -> RunFolder | None:
        name = self.owner
        return RunFolder(self.path.with_name(name)) if name else None

    def _write(self, name: str, value: Any) -> None:
        write_private(
            self.path / name, json.dumps(value, ensure_ascii=False) + os.linesep, lasting=False
        )

    def _stored_view(self) -> RunView | None:
        try:
            view = msgspec.json.decode((self.path / "view.json").read_bytes(), type=RunView)
        except (OSError, msgspec.DecodeError):
            return None
        return replace(view, owner=self.owner)

    def _lost(self, view: RunView) -> RunView:
        last_word = (self.path / "view.json").stat().st_mtime
        return replace(view, state="lost", ended=last_word, bound="the run's process died")
