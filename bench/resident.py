"""Memory of every process of a stack: at the start, at its peak, at the end."""

from __future__ import annotations

import asyncio
from typing import Any

import psutil

from tests.own_stack import OwnStack

_EVERY = 0.5
_ASK_EVERY = 10
"""Looks from one question to the stack, which processes there are, to the next."""


class Resident:
    """Samples resident bytes until it is ended. A pod that came again is a row of its own."""

    def __init__(self, stack: OwnStack) -> None:
        self._stack = stack
        self._pids: dict[str, int] = {}
        self.start: dict[str, int] = {}
        self.peak: dict[str, int] = {}
        self.now: dict[str, int] = {}

    async def run(self) -> None:
        """Samples until cancelled."""
        turn = 0
        while True:
            if turn % _ASK_EVERY == 0:
                await self.ask()
            self.sample()
            turn += 1
            await asyncio.sleep(_EVERY)

    async def ask(self) -> None:
        """Looks which processes there are."""
        status = await asyncio.to_thread(self._stack.run, "status", "--json", check=False)
        if status.code == 0:
            self._pids = names_of(status.json())

    def sample(self) -> None:
        """One look at all of them."""
        for name, pid in self._pids.items():
            try:
                found = psutil.Process(pid).memory_info().rss
            except psutil.Error:
                continue
            self.now[name] = found
            self.start.setdefault(name, found)
            self.peak[name] = max(found, self.peak.get(name, 0))

    def print_rows(self) -> None:
        """The table, MiB."""
        print("\n| process | start MiB | peak MiB | end MiB |\n|---|---:|---:|---:|")
        for name in self.start:
            figures = (self.start[name], self.peak[name], self.now[name])
            print(f"| {name} | {' | '.join(str(each >> 20) for each in figures)} |")


def names_of(status: dict[str, Any]) -> dict[str, int]:
    """Name -> process, of `controlroom status --json`."""
    found = {"stackd": status["stack"]["pid"]}
    found |= {engine["name"]: engine["pid"] for engine in status["engines"]}
    for pod in status["pods"]:
        for container in pod["containers"]:
            found[f"{pod['name']}/{container['name']}"] = container["pid"]
    return {name: pid for name, pid in found.items() if pid}
