"""CPU seconds of deployments and engines, so that a rate never stands alone."""

from __future__ import annotations

from typing import Any

import psutil


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of the processes so far."""
    total = 0.0
    for pid in pids:
        times = psutil.Process(pid).cpu_times()
        total += times.user + times.system
    return total


def pids_of(status: dict[str, Any], names: tuple[str, ...]) -> list[int]:
    """Processes of deployments and engines by name, from `controlroom status --json`."""
    pids = [
        container["pid"]
        for pod in status["pods"]
        if pod["deployment"] in names
        for container in pod["containers"]
    ]
    pids += [engine["pid"] for engine in status["engines"] if engine["name"] in names]
    return [pid for pid in pids if pid]
