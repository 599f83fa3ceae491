"""One pod: its ports, its containers, its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from stack.manifests.model import Deployment
from stack.pods.container import ContainerRun
from stack.pods.environment import Surroundings, process_spec
from stack.pods.ports import PodPorts
from stack.supervisor.events import Events

Phase = Literal["Pending", "Running", "Failed", "Terminating"]


class Pod:
    """Containers that live and die together. `leave` takes it out of all Services."""

    def __init__(
        self,
        name: str,
        deployment: Deployment,
        revision: str,
        around: Surroundings,
        ports: PodPorts,
        events: Events,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.deployment = deployment.name
        self.revision = revision
        self.labels: Mapping[str, str] = deployment.template.labels
        self.template = deployment.template
        self.started = time.time()
        self.terminating = False
        self.gone = asyncio.Event()
        self._around = around
        self._pool = ports
        self._events = events
        numbers = {n for c in self.template.containers for n in c.ports.values()}
        self.ports = {number: ports.take() for number in sorted(numbers)}
        self.containers = [self._container(index, changed) for index in range(self._count)]

    @property
    def _count(self) -> int:
        return len(self.template.containers)

    def _container(self, index: int, changed: Callable[[], None]) -> ContainerRun:
        container = self.template.containers[index]
        return ContainerRun(
            container,
            self.ports,
            lambda: process_spec(container, self.template, self.name, self.ports, self._around),
            self._report,
            changed,
        )

    @property
    def ready(self) -> bool:
        """Whether every container is, and the pod is not on its way out."""
        return not self.terminating and all(c.ready for c in self.containers)

    @property
    def phase(self) -> Phase:
        """The word that kubectl would show."""
        if self.terminating:
            return "Terminating"
        if any(c.child is not None for c in self.containers):
            return "Running"
        return "Pending"

    @property
    def restarts(self) -> int:
        """Of all its containers."""
        return sum(c.restarts for c in self.containers)

    @property
    def message(self) -> str:
        """Why it is not ready; empty when it is."""
        reasons = [f"{c.name}: {c.message}" for c in self.containers if c.message and not c.ready]
        return "; ".join(reasons)

    @property
    def pids(self) -> list[int]:
        """Of the containers that live."""
        return [c.pid for c in self.containers if c.pid is not None]

    def port(self, target: str | int) -> int | None:
        """The local port of a container port given by name or number."""
        if isinstance(target, int):
            return self.ports.get(target)
        return next((c.ports[target] for c in self.containers if target in c.ports), None)

    def start(self) -> None:
        """Starts all containers."""
        self._report("Created", f"revision {self.revision}")
        for container in self.containers:
            container.start()

    async def delete(self, grace: float | None, leave: Callable[[], Awaitable[None]]) -> None:
        """Takes it out of the Services, then ends its containers. Grace 0 means SIGKILL."""
        if self.terminating:
            await self.gone.wait()
            return
        self.terminating = True
        patience = self.template.grace if grace is None else grace
        self._report("Killing", f"grace {patience:g} s")
        if patience > 0:
            await leave()
        await asyncio.gather(*(c.close(patience) for c in self.containers))
        for port in self.ports.values():
            self._pool.give_back(port)
        self._around.forget(self.name)
        self.gone.set()

    def tail(self, lines: int, previous: bool = False) -> list[str]:
        """The last lines of its containers, or of their lives before, with their names where there
        are several."""
        if len(self.containers) == 1:
            return self.containers[0].output.tail(lines, previous)
        share = max(1, lines // len(self.containers))
        told = ((c.name, c.output.tail(share, previous)) for c in self.containers)
        return [f"[{name}] {line}" for name, said in told for line in said]

    def _report(self, reason: str, message: str) -> None:
        self._events.add("pod", self.name, reason, message)
