"""Checks of the disk: space, the right to write, installs that were cut short."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from host.doctor.check import Check

WANTED = 2 * 1024**3
"""Bytes that an installation and an afternoon of events take."""
OWN_FOLDERS = "Set CONTROLROOM_STATE_DIR and CONTROLROOM_CACHE_DIR to folders of your own."


def writable(name: str, folder: Path) -> Sequence[Check]:
    """Whether the folder is there, or can be made, and can be written to."""
    nearest = _nearest(folder)
    if not nearest.is_dir():
        message = f"{nearest} is a file where a folder is needed."
        return [Check(name, False, message, f"Move it away. {OWN_FOLDERS}")]
    if not os.access(nearest, os.W_OK | os.X_OK):
        return [Check(name, False, f"No permission to write in {nearest}.", OWN_FOLDERS)]
    return [Check(name, True, f"{folder} can be written.")]


def space(*folders: Path) -> Sequence[Check]:
    """Whether there is room on the disks of these folders; one check per disk."""
    disks: dict[int, Path] = {}
    for folder in folders:
        nearest = _nearest(folder)
        disks.setdefault(nearest.stat().st_dev, nearest)
    return [_space(folder) for folder in disks.values()]


def installs(engines: Path) -> Sequence[Check]:
    """Whether an install was cut short."""
    left = [part for part in sorted(engines.glob("*.part")) if not _at_work(part)]
    if not left:
        return [Check("installs", True, "None is half finished.")]
    names = ", ".join(str(part) for part in left)
    fix = "Start again: the next install removes it and begins from nothing."
    return [Check("installs", False, f"Half finished: {names}.", fix, False)]


def _at_work(part: Path) -> bool:
    lock = part.with_name(f".{part.name.removesuffix('.part')}.lock")
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _space(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    message = f"{free / 1024**3:.1f} GB are free at {folder}."
    if free >= WANTED:
        return Check("disk space", True, message)
    wanted = f"{WANTED / 1024**3:.0f} GB are needed"
    fix = "Free some space, or set CONTROLROOM_STATE_DIR and CONTROLROOM_CACHE_DIR elsewhere."
    return Check("disk space", False, f"{message[:-1]}; {wanted}.", fix)


def _nearest(folder: Path) -> Path:
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    return nearest
