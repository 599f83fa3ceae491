"""Starts runs: a folder on disk, then a runner that belongs to nobody's terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from controlroom.model.run import ChaosFigures, LoadFigures, RunView
from controlroom.runs.folder import RunFolder
from controlroom.runs.liveness import proof_of
from controlroom.runs.spec import LoadSpec, Spec
from controlroom.runs.store import Store

_children: list[subprocess.Popen[bytes]] = []


def start(store: Store, spec: Spec) -> RunFolder:
    """Starts the run and answers its folder; its view tells the rest."""
    folder = store.create()
    store.trim()
    folder.write_spec(spec)
    folder.write_view(first_view(folder.id, spec))
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
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
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
    now = time.time()
    if isinstance(spec, LoadSpec):
        figures = LoadFigures(0, 0, 0, spec.number, spec.users, 0.0, None, None, None)
        ends = now + spec.timeout
        return RunView(run, "load", spec.title, "starting", now, ends, None, "", load=figures)
    fault = ChaosFigures(spec.kind, spec.action, (), "injecting", False)
    ends_at = None if spec.duration is None else now + spec.duration
    return RunView(run, "chaos", spec.title, "starting", now, ends_at, None, "", chaos=fault)
