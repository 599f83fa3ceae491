"""Who has which lab: locks that end with their holder and leave nothing on the disk.

A lock is an abstract unix socket that is bound and never listened on: binding is atomic, and the
kernel drops the name when the last process that holds the socket is gone.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from pathlib import Path

_PREFIX = "\0controlroom-lab-"


def lock_folder(folder: Path) -> socket.socket | None:
    """The lock on a lab's folder; None when somebody has it."""
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    return _lock(f"folder-{name}")


def lock_number(number: int) -> socket.socket | None:
    """The lock on a lab's number on this machine; None when somebody has it."""
    return _lock(f"number-{number}")


def _lock(name: str) -> socket.socket | None:
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        holder.bind(_PREFIX + name)
    except OSError as error:
        holder.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return holder
