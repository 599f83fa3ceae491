"""Starts runs: a folder on disk, then a runner that belongs to nobody's terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from controlroom.model.run import RunView
from controlroom.runs.about import write_about
from controlroom.runs.folder import RunFolder
from controlroom.runs.hold import refuse_when_held
from controlroom.runs.kind import Spec
from controlroom.runs.registry import FOLDERS, folders, kind_of
from controlroom.runs.store import RunStore
from host.liveness import proof_of

_children: list[subprocess.Popen[bytes]] = []


def start(store: RunStore, spec: Spec, owner: str = "") -> RunFolder:
    """Starts the run and answers its folder; its view shows the rest. Raises SpecError, HeldError.

    One with an `owner`, the run that wants it, ends when that one dies or is asked to stop.
    """
    refuse_when_held(store)
    kind_of(spec.run_kind).check(spec)
    folder = store.create()
    store.trim()
    folder.write_spec(spec)
    if owner:
        folder.write_owner(owner)
    folder.write_view(first_view(folder.id, spec))
    write_about(folder.path)
    folder.journal.note("asked", command=spec.command())
    _reap()
    with folder.log.open("ab") as log:
        runner = subprocess.Popen(
            [sys.executable, "-m", "controlroom.runs.runner", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=folder.path,
            env={**os.environ, FOLDERS: folders(), "PYTHONUNBUFFERED": "1"},
        )
    _children.append(runner)
    proof = proof_of(runner.pid)
    if proof is not None:
        folder.write_runner(proof)
    return folder


def _reap() -> None:
    """Runners that ended as children of this process leave the process table."""
    _children[:] = [child for child in _children if child.poll() is None]


def first_view(run: str, spec: Spec) -> RunView:
    """What readers see until the runner speaks."""
    view = RunView(run, spec.run_kind, spec.title, "starting", time.time(), None, None, "")
    return kind_of(spec.run_kind).first(view, spec)
