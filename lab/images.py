"""Gives images to a cluster's container runtime."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from host.install.commands import find_program
from lab.commands import call, entering
from lab.inside import CONTAINERD

NAMESPACE = "k8s.io"
"""Where the kubelet's images are in containerd."""


async def load(init: int, archive: IO[bytes]) -> str:
    """Imports an OCI or Docker archive into the cluster whose first process is given.

    By its standard input, since the file may be where the cluster sees something else. Answers
    what the runtime says; raises StackError when it takes no such file.
    """
    runtime = find_program("ctr") or Path("/usr/bin/ctr")
    # looked up out here: the cluster has a /tmp of its own, where a PATH may lead to
    words = (str(runtime.resolve()), "--address", CONTAINERD, "--namespace", NAMESPACE)
    command = (*entering(init, "mount"), *words, "images", "import", "-")
    return await call(*command, stdin=archive)
