"""Conducts one run in a process of its own: `python -m controlroom.runs.runner <run folder>`.

It is the leader of its own session, so it outlives the terminal, the command and the room that
started it. Everybody else reads its folder, and asks it to stop by a file there or by SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import traceback
from pathlib import Path

from controlroom.runs.conduct import Conduct
from controlroom.runs.folder import RunFolder
from controlroom.runs.liveness import proof_of
from controlroom.runs.spec import LoadSpec, Spec
from controlroom.targets.abilities import Target


async def conduct(folder: RunFolder) -> None:
    """Conducts the run of that folder to its end."""
    spec = folder.read_spec()
    view = folder.read_view()
    assert view is not None, f"{folder.path} holds no view"
    one = Conduct(folder, view)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, one.interrupt)
    loop.add_signal_handler(signal.SIGINT, one.interrupt)
    try:
        await _kind(one, spec)
    except Exception as error:
        traceback.print_exc()
        one.end("failed", f"{type(error).__name__}: {error}; see {folder.log}", {})


async def _kind(one: Conduct, spec: Spec) -> None:
    if isinstance(spec, LoadSpec) and not spec.in_cluster:
        from controlroom.runs.load import LoadRun

        await LoadRun(one, spec).run()
        return
    target = _target(one, spec)
    try:
        if isinstance(spec, LoadSpec):
            from controlroom.runs.cluster_load import ClusterLoadRun

            await ClusterLoadRun(one, spec, target).run()
        else:
            from controlroom.runs.fault import FaultRun
            from controlroom.runs.recovery import Watch

            async with Watch(target) as watch:
                await FaultRun(one, spec, target, watch).run()
    finally:
        await target.close()


def _target(one: Conduct, spec: Spec) -> Target:
    """The cluster of the spec, or the stack of the state folder that the run lies in."""
    if spec.context:
        from controlroom.targets.choosing import cluster

        return cluster(spec.context, spec.namespace)
    from controlroom.targets.local import LocalTarget
    from host.paths import stack_socket
    from stack.client import StackClient

    return LocalTarget(StackClient(stack_socket(one.folder.path.parent.parent)))


def main(path: str) -> int:
    """Runs in its own session, deaf to the end of any terminal."""
    with contextlib.suppress(PermissionError):
        os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    folder = RunFolder(Path(path))
    proof = proof_of()
    assert proof is not None
    folder.write_runner(proof)
    asyncio.run(conduct(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
