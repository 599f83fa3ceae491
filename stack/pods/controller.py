"""Keeps the desired number of pods of one deployment, and changes them one by one."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable

from host.errors import StackError
from stack.manifests.model import Deployment
from stack.pods.environment import Surroundings
from stack.pods.pod import Pod
from stack.pods.ports import PodPorts
from stack.supervisor.events import Events
from wire.ending import end

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_RETRY = 5.0


class Controller:
    """One deployment: a desired state, and pods that follow it.

    `synced` takes pods that are not ready out of the Services and puts ready ones in; it
    returns when that is done. `changed` only asks for it.
    """

    def __init__(
        self,
        deployment: Deployment,
        around: Surroundings,
        ports: PodPorts,
        events: Events,
        synced: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self.deployment = deployment
        self.name = deployment.name
        self.pods: list[Pod] = []
        self.replicas = 0
        self.message = ""
        self._around = around
        self._ports = ports
        self._events = events
        self._synced = synced
        self._changed = changed
        self._generation = 0
        self._revision = ""
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ends: set[asyncio.Task[None]] = set()
        self._closing = False
        self._gone: Pod | None = None
        self._renew(around)

    def before(self, lines: int) -> list[str]:
        """The last lines of the pod that was ended last, under its name; none where none was."""
        gone = self._gone
        return [] if gone is None else [f"(of {gone.name})", *gone.tail(lines)]

    @property
    def living(self) -> list[Pod]:
        """Pods that are not on their way out."""
        return [pod for pod in self.pods if not pod.terminating]

    @property
    def ready(self) -> int:
        """How many pods are ready."""
        return sum(pod.ready for pod in self.pods)

    @property
    def rolling(self) -> bool:
        """Whether pods of an older revision are still there."""
        return any(pod.revision != self._revision for pod in self.pods)

    def take(self, around: Surroundings) -> None:
        """The surroundings as they are known at the start, before any pod is made."""
        self._renew(around)

    def start(self, replicas: int) -> None:
        """Begins to follow the desired state."""
        self.replicas = replicas
        self._task = asyncio.ensure_future(self._follow())

    def scale(self, replicas: int, why: str) -> None:
        """Records a new number."""
        if replicas == self.replicas:
            return
        text = f"{self.replicas} to {replicas}: {why}"
        self._events.add("deployment", self.name, "Scaled", text)
        self.replicas = replicas
        self.look()

    def restart(self, around: Surroundings | None = None) -> None:
        """Replaces all pods, one by one; with new surroundings if they are given."""
        self._renew(around or self._around)
        self._events.add("deployment", self.name, "Restarted", f"revision {self._revision}")
        self.look()

    def look(self) -> None:
        """Something changed; compare the desired state with the pods again."""
        self._wake.set()

    async def delete(self, pod: Pod, grace: float | None = None) -> None:
        """Ends one pod; another one takes its place. Returns when it is gone."""
        end = self._end(pod, grace)
        self.look()
        await end

    async def kill(self, pod: Pod) -> None:
        """SIGKILL to all its containers; another pod takes its place."""
        await self.delete(pod, 0.0)

    async def close(self, grace: float) -> None:
        """Ends all pods and follows no more."""
        self._closing = True
        if self._task is not None:
            await end([self._task])
        await asyncio.gather(*(pod.delete(grace, self._synced) for pod in self.pods))
        self.pods.clear()

    def _renew(self, around: Surroundings) -> None:
        self._around = around
        self._generation += 1
        seed = f"{self.name} {self._generation} {self.deployment} {around.config_maps}"
        digest = hashlib.sha256(seed.encode()).digest()
        self._revision = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:5])

    async def _follow(self) -> None:
        while True:
            self._wake.clear()
            try:
                self._reconcile()
                self.message = self._state()
            except StackError as error:
                self.message = f"{error.message} {error.fix}".strip()
                asyncio.get_running_loop().call_later(_RETRY, self._wake.set)
            await self._wake.wait()

    def _state(self) -> str:
        old = [pod for pod in self.living if pod.revision != self._revision]
        if old:
            return f"rolling out, {len(old)} of the old revision left"
        return next((pod.message for pod in self.living if pod.message), "")

    def _reconcile(self) -> None:
        """One step towards the desired state (kubernetes.io, Deployments: rolling update)."""
        new = [pod for pod in self.living if pod.revision == self._revision]
        old = [pod for pod in self.living if pod.revision != self._revision]
        room = self.replicas + (self.deployment.surge if old else 0) - len(new) - len(old)
        for _ in range(min(room, self.replicas - len(new))):
            self._create()
        for pod in _least_wanted(new)[: max(0, len(new) - self.replicas)]:
            self._end(pod)
        least = self.replicas - self.deployment.unavailable
        bad = [pod for pod in old if not pod.ready]
        unready = sum(not pod.ready for pod in new)
        for pod in bad[: max(0, len(new) + len(old) - least - unready)]:
            self._end(pod)
        good = [pod for pod in old if pod.ready]
        for pod in _least_wanted(good)[: max(0, self.ready - least)]:
            self._end(pod)

    def _create(self) -> None:
        pod = Pod(
            f"{self.name}-{self._revision}-{_random_part()}",
            self.deployment,
            self._revision,
            self._around,
            self._ports,
            self._events,
            self._pod_changed,
        )
        self.pods.append(pod)
        pod.start()

    def _pod_changed(self) -> None:
        self.look()
        self._changed()

    def _end(self, pod: Pod, grace: float | None = None) -> asyncio.Task[None]:
        task = asyncio.ensure_future(self._ended(pod, grace))
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)
        return task

    async def _ended(self, pod: Pod, grace: float | None) -> None:
        await pod.delete(grace, self._synced)
        if pod in self.pods and not self._closing:
            self.pods.remove(pod)
            self._gone = pod
        self.look()
        self._changed()


def _least_wanted(pods: list[Pod]) -> list[Pod]:
    """Not ready before ready, young before old, as a ReplicaSet chooses."""
    return sorted(pods, key=lambda pod: (pod.ready, -pod.started))


def _random_part() -> str:
    return "".join(random.choices(_LETTERS, k=5))
