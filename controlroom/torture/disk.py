"""A small disk for the document store of a scratch stack, that can be filled up."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from host.paths import engine_dir

BYTES = 2 << 30
_BLOCK = 1 << 20


def mount(state: Path, say: Callable[[str], None]) -> Path | None:
    """Mounts it where the document store of this state folder will keep its data.

    None, with a line that says so, where this user may not.
    """
    folder = engine_dir(state, "mongo")
    folder.mkdir(parents=True, mode=0o700)
    words = ["mount", "-t", "tmpfs", "-o", f"size={BYTES},mode=0700", "tmpfs", str(folder)]
    if os.geteuid() == 0 and shutil.which("mount"):
        done = subprocess.run(words, capture_output=True, check=False)
        if done.returncode == 0:
            return folder
    say("the document store has no scratch disk: that takes root and tmpfs")
    return None


def unmount(folder: Path) -> None:
    """Takes it away; its files are gone with it."""
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


def fill(path: Path) -> int:
    """Takes all the space that is left with one file; answers its bytes."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (_BLOCK, 4096):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    return path.stat().st_size
