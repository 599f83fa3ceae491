"""One container of a pod: started, probed, restarted in the same pod when it dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Literal

from host.errors import StackError
from stack.manifests.model import Container
from stack.pods.probes import ProbeWatch
from stack.spec import ProcessSpec
from stack.supervisor.backoff import Backoff
from stack.supervisor.child import Child, ending
from stack.supervisor.output import Output
from wire.ending import end

State = Literal["waiting", "running", "backoff", "held", "terminated"]
Report = Callable[[str, str], None]
"""Takes a reason and a message for the list of events."""


class ContainerRun:
    """A container and its lives. `changed` is called whenever readiness or state changes."""

    def __init__(
        self,
        container: Container,
        ports: Mapping[int, int],
        spec: Callable[[], ProcessSpec],
        report: Report,
        changed: Callable[[], None],
    ) -> None:
        self.container = container
        self.name = container.name
        self.ports = {name: ports[number] for name, number in container.ports.items()}
        self.output = Output()
        self.state: State = "waiting"
        self.message = ""
        self.ready = False
        self.restarts = 0
        self.holders: set[str] = set()
        self.child: Child | None = None
        self._by_number = ports
        self._spec = spec
        self._report = report
        self._changed = changed
        self._backoff = Backoff()
        self._go = asyncio.Event()
        self._go.set()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[int] | None = None

    @property
    def pid(self) -> int | None:
        """The child's id while it lives."""
        return self.child.pid if self.child and self.child.alive else None

    def start(self) -> None:
        """Begins the first life."""
        self._task = asyncio.ensure_future(self._run())

    async def kill(self) -> None:
        """SIGKILL; it is started again in the same pod."""
        if self.child is not None:
            await self.child.kill()

    async def hold(self, key: str) -> None:
        """SIGKILL, and no new life until everyone who holds it has released it."""
        self.holders.add(key)
        self._go.clear()
        self._set("held", False, "held down by a fault")
        await self.kill()

    def release(self, key: str) -> None:
        """Lets it live again, as far as this holder is concerned."""
        self.holders.discard(key)
        if not self.holders:
            self._backoff.reset()
            self._go.set()

    async def close(self, grace: float) -> None:
        """Ends it for good: first the wait of preStop, then the stop signal, then SIGKILL."""
        self._closing = True
        child = self.child
        if child is not None and child.alive:
            pause = min(self.container.pre_stop_sleep, grace)
            if pause:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(child.wait(), pause)
            await child.stop(grace - pause)
        if self._task is not None:
            await end([self._task])
        # A life may have begun while the task was being ended.
        if self.child is not None and self.child.alive:
            await self.child.kill()
        self._set("terminated", False, "")

    async def _run(self) -> None:
        while not self._closing:
            await self._go.wait()
            lived = await self._life()
            if self._closing:
                return
            delay = self._backoff.after(lived)
            if self._go.is_set():
                if delay > 1:
                    self._report("BackOff", f"{self.name}: again in {delay:.0f} s")
                await asyncio.sleep(delay)
            self.restarts += 1

    async def _life(self) -> float:
        self.output.begin_life()
        try:
            self.child = child = await Child.start(self._spec(), self.output)
        except (OSError, StackError) as error:
            self._set("backoff", False, f"cannot be started: {error}")
            self._report("Failed", f"{self.name}: {error}")
            return 0.0
        self._set("running", False, "starting")
        self._report("Started", f"{self.name}: pid {child.pid}")
        watch = asyncio.ensure_future(self._watch(child).run())
        try:
            status = await child.wait()
        finally:
            watch.cancel()
        said = self.output.last()
        words = f"{ending(status)}{': ' + said if status > 0 and said else ''}"
        if self._go.is_set():
            self._set("backoff", False, words)
        if not self._closing:
            self._report("Died", f"{self.name}: {words}")
        return child.age

    def _watch(self, child: Child) -> ProbeWatch:
        def dead(reason: str) -> None:
            self._report("Unhealthy", f"{self.name}: {reason}")
            self._ending = asyncio.ensure_future(child.stop())

        return ProbeWatch(self.container, self._by_number, self._readiness, dead)

    def _readiness(self, ready: bool, reason: str) -> None:
        # A probe may still be in flight when the container was told to end, or was seen dead.
        if self._closing or self.state != "running":
            return
        if self.ready and not ready:
            self._report("Unhealthy", f"{self.name}: {reason}")
        self._set("running", ready, reason)

    def _set(self, state: State, ready: bool, message: str) -> None:
        differs = (state, ready) != (self.state, self.ready)
        self.state, self.ready, self.message = state, ready, message
        if differs:
            self._changed()
