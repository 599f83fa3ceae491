"""What can be hit: pods of the deployments, and the engines, which look like pods here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from host.errors import StackError
from stack.faults.model import NAME_LABEL
from stack.pods.controller import Controller
from stack.pods.pod import Pod
from stack.supervisor.engine_supervisor import EngineSupervisor


@dataclass(frozen=True, slots=True)
class PodVictim:
    """One pod."""

    pod: Pod
    controller: Controller

    @property
    def name(self) -> str:
        """Its name."""
        return self.pod.name

    @property
    def is_engine(self) -> bool:
        """Never."""
        return False

    @property
    def group(self) -> str:
        """Its deployment."""
        return self.pod.deployment

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        return self.pod.labels

    @property
    def phase(self) -> str:
        """Its phase."""
        return self.pod.phase

    @property
    def ready(self) -> bool:
        """Whether it is ready."""
        return self.pod.ready

    @property
    def containers(self) -> tuple[str, ...]:
        """Names of its containers."""
        return tuple(container.name for container in self.pod.containers)

    def check(self) -> None:
        """The stack runs all pods itself."""

    async def kill(self, grace: float) -> None:
        """Deletes the pod; the deployment replaces it."""
        await self.controller.delete(self.pod, grace)

    async def kill_containers(self, names: tuple[str, ...]) -> None:
        """SIGKILL to those containers; they start again in the same pod."""
        wanted = [c for c in self.pod.containers if c.name in names]
        await asyncio.gather(*(container.kill() for container in wanted))

    async def hold(self, key: str) -> None:
        """SIGKILL to all containers, which stay down until `release` with the same key."""
        await asyncio.gather(*(container.hold(key) for container in self.pod.containers))

    def release(self, key: str) -> None:
        """Lets the containers start again."""
        for container in self.pod.containers:
            container.release(key)

    def held(self, key: str) -> bool:
        """Whether a container is still held down."""
        return not self.pod.terminating and any(key in c.holders for c in self.pod.containers)


@dataclass(frozen=True, slots=True)
class EngineVictim:
    """One engine that the stack runs."""

    supervisor: EngineSupervisor

    @property
    def name(self) -> str:
        """Its name."""
        return self.supervisor.engine.name

    @property
    def is_engine(self) -> bool:
        """Always."""
        return True

    @property
    def group(self) -> str:
        """Its name again: an engine is a group of one."""
        return self.name

    @property
    def labels(self) -> Mapping[str, str]:
        """The one label that selects it."""
        return {NAME_LABEL: self.name}

    @property
    def phase(self) -> str:
        """`Running` while its process lives; one that is given by address counts as running."""
        lives = self.supervisor.pid is not None or self.supervisor.state == "external"
        return "Running" if lives else "Pending"

    @property
    def ready(self) -> bool:
        """Whether it serves."""
        return self.supervisor.serving.is_set()

    @property
    def containers(self) -> tuple[str, ...]:
        """One, called like the engine."""
        return (self.name,)

    def check(self) -> None:
        """Raises StackError for an engine that the stack does not run."""
        if self.supervisor.state == "external":
            raise StackError(
                f"{self.name} was given by its address; the stack cannot kill it.",
                "Choose another target.",
                "refused",
            )

    async def kill(self, grace: float) -> None:
        """SIGKILL, or the stop signal with a grace; it is started again."""
        if grace:
            await self.supervisor.end(grace)
        else:
            await self.supervisor.kill()

    async def kill_containers(self, names: tuple[str, ...]) -> None:
        """SIGKILL when it is named."""
        if self.name in names:
            await self.supervisor.kill()

    async def hold(self, key: str) -> None:
        """SIGKILL, and down until `release`."""
        await self.supervisor.hold(key)

    def release(self, key: str) -> None:
        """Lets it start again."""
        self.supervisor.release(key)

    def held(self, key: str) -> bool:
        """Whether it is still held down."""
        return key in self.supervisor.holders
