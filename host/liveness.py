"""Whether a process that a file names still lives: pids come round again, start times do not."""

from __future__ import annotations

import os
from dataclasses import dataclass

import psutil

CLOCK_STEP = 2.0
"""Seconds by which a start time may seem to move when the machine's clock is set."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A process and the moment it started (seconds since the epoch)."""

    pid: int
    started: float

    @property
    def alive(self) -> bool:
        """Whether exactly this process runs; one that waits to be reaped does not."""
        try:
            process = psutil.Process(self.pid)
            if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return False
            return abs(process.create_time() - self.started) <= CLOCK_STEP
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


def proof_of(pid: int | None = None) -> Proof | None:
    """The proof of a process (this one by default); None when it is gone already."""
    wanted = os.getpid() if pid is None else pid
    try:
        return Proof(wanted, psutil.Process(wanted).create_time())
    except psutil.NoSuchProcess:
        return None
