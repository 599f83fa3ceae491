"""Removes what a lab leaves on the machine, however it ended: `python -m lab.sweeper`.

The daemon starts it and holds the other end of its standard input, so it learns of the daemon's
end even where that was SIGKILL. It holds the lab's locks until everything is gone.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lab import cgroups
from lab.commands import ENVIRONMENT
from lab.plan import LabPlan, plan

PATIENCE = 15.0
"""Seconds that the kernel may take to end the processes of a cluster."""
_EVERY = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Waits for the daemon's end and sweeps. Exit status 1 when something stays."""
    parser = argparse.ArgumentParser(prog="python -m lab.sweeper", description=__doc__)
    parser.add_argument("--number", type=int, required=True, help="the lab's number")
    parser.add_argument("--clusters", type=int, required=True, help="how many it has")
    parser.add_argument("--folder", type=Path, required=True, help="the lab's folder")
    given = parser.parse_args(arguments)
    # ctrl+c is for the daemon; this process goes when its work is done.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    left = sweep(plan(given.number, given.clusters, given.folder))
    for name in left:
        print(f"could not be removed: {name}", file=sys.stderr)
    return 1 if left else 0


def sweep(of: LabPlan, patience: float = PATIENCE) -> list[str]:
    """Removes links, cgroups and the folder of a lab whose daemon is gone.

    Answers what is still there after `patience` seconds.
    """
    deadline = time.monotonic() + patience
    tags = [cluster.tag for cluster in of.clusters]
    while True:
        left = [str(path) for tag in tags for path in cgroups.remove(tag)]
        left += [f"link {tag}" for tag in tags if _link_left(tag)]
        if not left or time.monotonic() > deadline:
            break
        time.sleep(_EVERY)
    if not left:
        shutil.rmtree(of.folder, ignore_errors=True)
        left = [str(of.folder)] if of.folder.exists() else []
    return left


def _link_left(tag: str) -> bool:
    """Removes a link whose cluster is gone; whether it is there all the same."""
    link = Path("/sys/class/net") / tag
    if link.exists():
        with contextlib.suppress(OSError):
            subprocess.run(
                ["ip", "link", "delete", tag], env=ENVIRONMENT, capture_output=True, timeout=5
            )
    return link.exists()


if __name__ == "__main__":
    sys.exit(main())
