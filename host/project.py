"""Where the project's files are: its packages, k8s/, chaos/, requirements/.

That is the clone; of an installed wheel it is the folder inside it that holds the same things.
"""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
INSIDE = "_project"
"""That folder's name, in the package `controlroom`."""


def place(name: str) -> Path:
    """Where a package or a folder of the project is."""
    if name == "controlroom" and PROJECT.name == INSIDE:
        return PROJECT.parent
    return PROJECT / name


def with_packages(**more: str) -> dict[str, str]:
    """This environment for a child that is started by `python -m`, and what it gets besides."""
    path = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), **more}
