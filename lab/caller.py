"""The user behind `sudo`: files of a lab that the user reads are given to that user.

Who calls without root is told the command line to use.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from pathlib import Path

from host.errors import StackError


def caller() -> tuple[int, int] | None:
    """User and group; None where nobody but this user called."""
    try:
        user, group = int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"])
    except (KeyError, ValueError):
        return None
    return (user, group) if os.geteuid() == 0 and user != 0 else None


def give(path: Path) -> None:
    """Makes it the caller's; where nobody called by sudo it stays as it is."""
    found = caller()
    if found is not None:
        with contextlib.suppress(OSError):
            os.chown(path, *found, follow_symlinks=False)


def by_sudo(*words: str) -> str:
    """The line that does `controlroom lab WORDS` as root in the folders of the caller.

    Left to itself sudo looks into root's home, and not into the environment of the project.
    """
    program = str(Path(sys.executable).with_name("controlroom"))
    return 'sudo env HOME="$HOME" ' + shlex.join([program, "lab", *words])


def require_root(*words: str) -> None:
    """Raises StackError where `controlroom lab WORDS` is asked of a user who is not root."""
    if os.geteuid() != 0:
        raise StackError(
            "Processes, links and namespaces of a lab are root's.",
            f"Run: {by_sudo(*words)}",
            "refused",
        )
