"""What of the memory of a process stays, and what goes back to the machine at once."""

from __future__ import annotations

import contextlib
import ctypes
import gc

LARGE = 128 << 10
"""Bytes of a block that is mapped by itself."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3). The first two grow by themselves unless they are set."""


def give_back() -> None:
    """Lets a burst of large messages leave no more behind than it has to.

    Elsewhere than on glibc nothing is changed.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, LARGE)
        mallopt(_TRIM_THRESHOLD, LARGE)


def keep_loaded() -> None:
    """No collection of garbage looks again at what is loaded by now, and holds up nobody for it."""
    gc.collect()
    gc.freeze()
