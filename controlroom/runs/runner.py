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

from controlroom.runs.folder import RunFolder
from controlroom.runs.registry import kind_of
from controlroom.runs.run_writer import RunWriter
from host.liveness import proof_of


async def conduct_run(folder: RunFolder) -> None:
    """Conducts the run of that folder to its end."""
    view = folder.read_view()
    assert view is not None, f"{folder.path} holds no view"
    one = RunWriter(folder, view)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, one.interrupt)
    loop.add_signal_handler(signal.SIGINT, one.interrupt)
    try:
        spec = folder.read_spec()
        await kind_of(spec.run_kind).conduct(one, spec)
    except Exception as error:
        traceback.print_exc()
        one.end("failed", f"{type(error).__name__}: {error}; see {folder.log}", {})


def main(path: str) -> int:
    """Runs in a session of its own, so that the end of a terminal does not end it."""
    with contextlib.suppress(PermissionError):
        os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    folder = RunFolder(Path(path))
    proof = proof_of()
    assert proof is not None
    folder.write_runner(proof)
    asyncio.run(conduct_run(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
