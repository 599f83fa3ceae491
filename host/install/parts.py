"""An install appears under its name only when it is whole.

It is made in a folder `<name>.part` beside it, under a lock that other installers wait for, and
renamed at the end. What a killed install left behind is removed by the next one.
"""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO

from host.errors import StackError
from host.install.progress import Progress
from host.paths import explained

Make = Callable[[Path], Awaitable[None]]


def part_of(folder: Path) -> Path:
    """The folder in which an install is made."""
    return folder.with_name(folder.name + ".part")


async def install(folder: Path, name: str, make: Make, progress: Progress) -> None:
    """Calls `make` with the part folder unless `folder` is there already."""
    if folder.exists():
        return
    lock = await _locked(folder, name, progress)
    try:
        if folder.exists():
            return
        started = time.monotonic()
        await _made(folder, make)
        progress(f"{name}: installed in {time.monotonic() - started:.0f} s")
    finally:
        lock.close()


async def _made(folder: Path, make: Make) -> None:
    part = part_of(folder)
    try:
        await asyncio.to_thread(_emptied, part)
        await make(part)
        part.rename(folder)
    except OSError as error:
        raise explained(error, part) from error
    finally:
        await asyncio.to_thread(shutil.rmtree, part, True)


def _emptied(part: Path) -> None:
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)


async def _locked(folder: Path, name: str, progress: Progress) -> IO[str]:
    path = folder.parent / f".{folder.name}.lock"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise explained(error, path) from error
    if not _try_lock(file):
        progress(f"{name}: another installer is at work, waiting for it")
    deadline = time.monotonic() + 1800
    while not _try_lock(file):
        if time.monotonic() > deadline:
            file.close()
            raise StackError(
                f"{name}: another installer has held {path} for half an hour.",
                "End that installer and start again.",
            )
        await asyncio.sleep(0.2)
    return file


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
