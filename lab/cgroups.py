"""The cgroups of pods: made at the root of each hierarchy, and removed with what is in them.

At the root, because a cgroup below that of the caller would be bound by the caller's limits.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "io", "hugetlb")
"""What the kubelet wants of cgroup v2, as far as the kernel has it."""
WEIGHT = 8
"""How many ordinary processes all pods of a cluster weigh together when the machine is busy.

By default one: then a busy machine would starve them until their probes fail.
"""
V1_NEEDED = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")


def is_v2() -> bool:
    """Whether the machine has nothing but the unified hierarchy."""
    return (ROOT / "cgroup.controllers").exists()


def hierarchies() -> Sequence[Path]:
    """The root of each hierarchy that is mounted."""
    if is_v2():
        return (ROOT,)
    with contextlib.suppress(OSError):
        # cpu and cpuacct may be one hierarchy under two names: links are left out.
        return sorted(p for p in ROOT.iterdir() if p.is_dir() and not p.is_symlink())
    return ()


def make(tag: str) -> None:
    """Makes the cgroup of that name in every hierarchy. Raises OSError."""
    if is_v2():
        _delegate()
    for root in hierarchies():
        (root / tag).mkdir(exist_ok=True)
    if is_v2():
        (ROOT / tag / "cpu.weight").write_text(str(WEIGHT * 100))
    else:
        (ROOT / "cpu" / tag / "cpu.shares").write_text(str(WEIGHT * 1024))


def left(tag: str) -> Sequence[Path]:
    """Where there is a cgroup of that name."""
    return [root / tag for root in hierarchies() if (root / tag).exists()]


def remove(tag: str) -> Sequence[Path]:
    """Removes them from the leaves up; answers those that could not be."""
    for top in left(tag):
        for folder in _leaves_first(top):
            with contextlib.suppress(OSError):
                folder.rmdir()
    return left(tag)


def _leaves_first(top: Path) -> Iterator[Path]:
    for folder, _, _ in os.walk(top, topdown=False):
        yield Path(folder)


def _delegate() -> None:
    """Lets the children of the root have the controllers."""
    known = (ROOT / "cgroup.controllers").read_text().split()
    given = (ROOT / "cgroup.subtree_control").read_text().split()
    for name in CONTROLLERS:
        if name in known and name not in given:
            (ROOT / "cgroup.subtree_control").write_text(f"+{name}")
