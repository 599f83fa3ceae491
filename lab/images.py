"""Gives images to a cluster's container runtime."""

from __future__ import annotations

from typing import IO

from lab.commands import call, entering
from lab.inside import CONTAINERD

NAMESPACE = "k8s.io"
"""Where the kubelet's images are in containerd."""


async def load(init: int, archive: IO[bytes]) -> str:
    """Imports an OCI or Docker archive into the cluster whose first process is given.

    By its standard input, since the file may be where the cluster sees something else. Answers
    what the runtime says; raises StackError when it takes no such file.
    """
    runtime = ("ctr", "--address", CONTAINERD, "--namespace", NAMESPACE)
    command = (*entering(init, "mount"), *runtime, "images", "import", "-")
    return await call(*command, stdin=archive)
