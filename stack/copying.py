"""A user's scenario, copied into the state folder, so that the services outlive it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from host.errors import refused
from host.paths import explained, private_dir

MOST_FILES = 2_000
MOST_BYTES = 64 << 20
_LEFT_OUT = "__pycache__"


def copied(place: Path, target: Path) -> Path:
    """The target, a copy of that file, or of all in that folder but caches and what is hidden.

    A folder takes the place of the copy before as a whole. Raises StackError.
    """
    if target.exists() and target.samefile(place):
        return target
    try:
        private_dir(target.parent)
        if place.is_dir():
            _copy_folder(place, target)
        else:
            shutil.copyfile(place, target)
    except OSError as error:
        raise explained(error, Path(error.filename or target)) from error
    return target


def _copy_folder(folder: Path, target: Path) -> None:
    new, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    private_dir(new)
    for file in list(_files(folder)):
        to = new / file.relative_to(folder)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _files(folder: Path) -> Iterator[Path]:
    """What is copied. Raises StackError where that is not for a copy, or too much."""
    number = size = 0
    for place, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if name[0] != "." and name != _LEFT_OUT)
        linked = [Path(place, name) for name in folders if Path(place, name).is_symlink()]
        files = [Path(place, name) for name in sorted(names) if name[0] != "."]
        if odd := [*linked, *(file for file in files if not file.is_file())]:
            raise refused(f"{odd[0]} is neither a file nor a folder", "take it out of the scenario")
        for file in files:
            number, size = number + 1, size + file.stat().st_size
            if number > MOST_FILES or size > MOST_BYTES:
                raise refused(
                    f"The scenario {folder} has more than {MOST_FILES} files or "
                    f"{MOST_BYTES >> 20} MiB",
                    "name a folder that holds a scenario and nothing else",
                )
            yield file


def _raise(error: OSError) -> None:
    raise error
