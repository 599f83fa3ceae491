"""The stack that is tortured, as its faults see it: processes, links, replicas."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from host.errors import StackError
from host.paths import stack_socket
from stack.client import StackClient

Json = Mapping[str, Any]
ENGINES = ("kafka", "redis", "mongo", "toxiproxy", "haproxy")
SUPERVISOR = "supervisor"
READY_PATIENCE = 120.0
_EVERY = 0.1


class TortureError(Exception):
    """The torture itself cannot go on; one sentence."""


class TortureEnvironment:
    """One stack by its state folder.

    `production`: the name with which acts on it are agreed to, where local stacks are production.
    """

    def __init__(self, state: Path, scenario: str, production: str = "") -> None:
        self.state = state
        self._production = production
        self.scenario = scenario
        self.client = StackClient(stack_socket(state))
        self.addresses: dict[str, str] = {}
        self.moved: list[Callable[[dict[str, str]], None]] = []
        """Called with the addresses whenever the stack has come up."""
        self._rising = asyncio.Lock()

    async def close(self) -> None:
        """Lets go of the connection."""
        await self.client.close()

    async def up(self) -> None:
        """Brings the stack up where it is not, and waits until all of it is ready."""
        async with self._rising:
            await self.client.ensure_up(lambda line: None, self.scenario, READY_PATIENCE)
        answer = await self.command("endpoints", "--json")
        self.addresses = json.loads(answer.out)
        for told in self.moved:
            told(self.addresses)

    async def status(self) -> Json:
        """What runs; waits while a supervisor is being replaced."""
        deadline = asyncio.get_running_loop().time() + READY_PATIENCE
        while True:
            try:
                return await self.client.status()
            except StackError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(_EVERY)

    async def victims(self, target: str) -> list[psutil.Process]:
        """The living processes of a deployment, an engine or the supervisor."""
        status = await self.status()
        if target == SUPERVISOR:
            pids = [status["stack"]["pid"]]
        elif target in ENGINES:
            pids = [engine["pid"] for engine in status["engines"] if engine["name"] == target]
        else:
            pods = [pod for pod in status["pods"] if pod["deployment"] == target]
            pids = [each["pid"] for pod in pods for each in pod["containers"]]
        return [process for pid in pids if pid and (process := _process(pid))]

    async def act(self, *words: str, typed: str = "") -> CommandAnswer:
        """A command that changes something, agreed to with `typed`, or as production wants it."""
        name = self._production or typed
        return await self.command(*words, *(("--confirm", name) if name else ()))

    async def command(self, *words: str) -> CommandAnswer:
        """`controlroom WORDS` against this stack, as a person would give it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "controlroom", *words),
            env=os.environ | {"CONTROLROOM_STATE_DIR": str(self.state)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return CommandAnswer(process.returncode or 0, out.decode(), err.decode())


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What a command said."""

    code: int
    out: str
    err: str


def network(name: str, deployment: str, engine: str, action: Json, seconds: float) -> Json:
    """A NetworkChaos between all pods of a deployment and an engine."""
    return {
        "apiVersion": "chaos-mesh.org/v1alpha1",
        "kind": "NetworkChaos",
        "metadata": {"name": name, "namespace": "controlroom"},
        "spec": {
            **action,
            "mode": "all",
            "selector": _labelled(deployment),
            "target": {"mode": "all", "selector": _labelled(engine)},
            "duration": f"{seconds:g}s",
        },
    }


def _labelled(name: str) -> Json:
    return {
        "namespaces": ["controlroom"],
        "labelSelectors": {"app.kubernetes.io/name": name},
    }


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
