"""Where and by whom a run was started: versions, machine, person. A file in each run's folder."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import psutil

from controlroom.runs.audit import who
from host.paths import write_private
from host.version import VERSION

ABOUT = "about.json"


def about() -> dict[str, Any]:
    """`versions`, `machine` with `system`, `cores`, `memory` in bytes and `load`, and `who`."""
    return {
        "versions": {"controlroom": VERSION, "python": platform.python_version()},
        "machine": {
            "system": " ".join((os.uname().sysname, os.uname().release, os.uname().machine)),
            "cores": os.cpu_count(),
            "memory": psutil.virtual_memory().total,
            "load": os.getloadavg(),
        },
        "who": who(),
    }


def write_about(folder: Path) -> None:
    """Keeps it."""
    write_private(folder / ABOUT, json.dumps(about(), ensure_ascii=False) + "\n", lasting=False)
