"""A stack at which nobody looks sleeps: what has nothing to do is woken, and does not ask."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest

from controlroom.settings import Settings
from controlroom.targets.local import LocalTarget
from stack.client import StackClient
from tests.own_stack import OwnStack
from tests.waiting import until

WAKE_UPS = {"producer-http": 30, "front": 24, "server": 40, "reader": 12}
"""Container -> most times a second that its process may wake up; about twice what it needs for its
probes, its scrapes and its connections. Other work on the machine only makes them fewer."""
SECONDS = 5.0
PATIENCE = 120.0
"""Seconds; what a test before this one has stirred comes to rest meanwhile."""


def wake_ups(pid: int) -> int:
    """How often the threads of a process have gone to sleep."""
    found = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            words = (thread / "status").read_text().split()
            found += int(words[words.index("voluntary_ctxt_switches:") + 1])
    return found


def rates(stack: OwnStack) -> dict[str, float]:
    """Container -> wake-ups a second, of the pod that sleeps worst."""
    pids = {
        container["pid"]: container["name"]
        for pod in stack.status()["pods"]
        for container in pod["containers"]
        if container["name"] in WAKE_UPS and container["pid"]
    }
    before, began = {pid: wake_ups(pid) for pid in pids}, time.monotonic()
    time.sleep(SECONDS)
    took = time.monotonic() - began
    found: dict[str, float] = {}
    for pid, name in pids.items():
        found[name] = max(found.get(name, 0.0), (wake_ups(pid) - before[pid]) / took)
    return found


def test_what_has_nothing_to_do_sleeps(stack: OwnStack) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        found = rates(stack)
        if found.keys() == WAKE_UPS.keys() and all(found[n] <= WAKE_UPS[n] for n in WAKE_UPS):
            return
        if time.monotonic() > deadline:
            pytest.fail(f"wake-ups/s {found}, at most {WAKE_UPS}")


async def test_a_room_asks_for_events_only_when_there_are_new_ones(
    stack: OwnStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    original = StackClient.events

    async def events(client: StackClient, after: int = 0) -> Any:
        asked.append(after)
        return await original(client, after)

    monkeypatch.setattr(StackClient, "events", events)
    target = LocalTarget.from_settings(Settings(state_dir=stack.state))
    try:

        async def still() -> bool:
            before, known = await target.fleet(), len(asked)
            after = await target.fleet()
            return bool(before.events) and after.events == before.events and len(asked) == known

        await until(still, "a second look that asks for no events", 60)
        assert asked[0] == 0
    finally:
        await target.close()
