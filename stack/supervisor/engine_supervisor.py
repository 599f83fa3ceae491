"""Supervises one engine: prepares, starts, waits until it serves, restarts it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from host.errors import StackError
from stack.engines.engine import Engine, NotReady, Silent
from stack.supervisor.backoff import Backoff
from stack.supervisor.child import Child, ending
from stack.supervisor.events import Events
from stack.supervisor.output import Output
from wire.ending import end

State = Literal["starting", "ready", "backoff", "failed", "external", "stopped"]
Hook = Callable[[], Awaitable[None]]

START_PATIENCE = 90.0
"""Seconds that a living engine may take to serve before it is started again."""
_ASK_EVERY = 0.1
ALIVE_EVERY, AGAIN_EVERY = 10.0, 4.0
"""Seconds between two questions to an engine that serves, and to one that did not answer. Each is
a connection with a login; a death is known without one."""
ALIVE_PATIENCE = 5.0
"""Seconds that a serving engine may take to answer."""
DEAD_AFTER = 4
"""Questions in a row without an answer after which a serving engine is started again: a store
that has met a full disk, for one, lives on without serving."""
BUSY_DEAD_AFTER = 13
"""The same for one that is silent and works: on a busy machine it has more to do than time. Two
minutes, because one that works in vain has to go too."""
WORKS = 0.03
"""Share of a core from which an engine that does not answer is at work."""
_EXTERNAL_EVERY = 2.0


class EngineSupervisor:
    """One engine and its child. `serving` is set while the engine answers."""

    def __init__(
        self,
        engine: Engine,
        output: Output,
        events: Events,
        on_ready: Hook | None = None,
    ) -> None:
        self.engine = engine
        self.output = output
        self.state: State = "starting"
        self.message = "waiting"
        self.restarts = 0
        self.prepared = False
        """Whether its address is known."""
        self.holders: set[str] = set()
        self.child: Child | None = None
        self.serving = asyncio.Event()
        self.settled = asyncio.Event()
        """Set when it serves or has failed for good."""
        self._events = events
        self._on_ready = on_ready
        self._backoff = Backoff()
        self._go = asyncio.Event()
        self._go.set()
        self._nudge = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The child's id while it lives."""
        return self.child.pid if self.child and self.child.alive else None

    def start(self, needs: list[EngineSupervisor]) -> None:
        """Begins; it waits for its needs first."""
        self._task = asyncio.ensure_future(self._supervise(needs))

    async def stop(self, grace: float | None = None) -> None:
        """Ends the child and keeps it so."""
        if self._task is not None:
            await end([self._task])
        if self.child is not None and self.child.alive:
            await self.child.stop(grace)
        self._set("stopped", "")

    async def restart(self) -> None:
        """Ends the child politely; it is started again at once. Raises StackError."""
        if self.state == "external":
            raise StackError(
                f"{self.engine.name} was given by its address; the stack does not run it.",
                "Restart it where it runs.",
                "refused",
            )
        self._backoff.reset()
        if self.state == "failed":
            self._set("starting", "being prepared")
        self._nudge.set()
        if self.child is not None and self.child.alive:
            await self.child.stop()

    async def kill(self) -> None:
        """SIGKILL; it is started again."""
        if self.child is not None:
            await self.child.kill()

    async def end(self, grace: float) -> None:
        """The stop signal with a grace in seconds; it is started again."""
        if self.child is not None:
            await self.child.stop(grace)

    async def hold(self, key: str) -> None:
        """SIGKILL, and no new start until everyone who holds it has released it."""
        self.holders.add(key)
        self._go.clear()
        await self.kill()

    def release(self, key: str) -> None:
        """Lets it start again, as far as this holder is concerned."""
        self.holders.discard(key)
        if not self.holders:
            self._backoff.reset()
            self._go.set()

    async def _supervise(self, needs: list[EngineSupervisor]) -> None:
        while not await self._prepared(needs):
            self._nudge.clear()
            await self._nudge.wait()
        while True:
            await self._go.wait()
            lived = await self._life()
            self.serving.clear()
            if self.holders:
                self._set("backoff", "held down by a fault")
                continue
            await self._pause(self._backoff.after(lived))
            self.restarts += 1

    async def _prepared(self, needs: list[EngineSupervisor]) -> bool:
        name = self.engine.name
        self._set("starting", "being prepared")
        try:
            await self.engine.prepare(self._progress)
        except StackError as error:
            self._set("failed", f"{error.message} {error.fix}".strip())
            self._events.add("engine", name, "Failed", error.message)
            self.settled.set()
            return False
        self.prepared = True
        for need in needs:
            self.message = f"waiting for {need.engine.name}"
            await need.serving.wait()
        return True

    def _progress(self, line: str) -> None:
        self.message = line

    async def _life(self) -> float:
        """One life from start to end; answers how long it was."""
        spec = self.engine.spec()
        if spec is None:
            await self._watch_external()
            return 0.0
        self._set("starting", "starting")
        self.output.begin_life()
        try:
            self.child = child = await Child.start(spec, self.output)
        except OSError as error:
            self._set("backoff", f"cannot be started: {error}")
            return 0.0
        self._events.add("engine", self.engine.name, "Started", f"pid {child.pid}")
        tended = asyncio.ensure_future(self._tend(child))
        ended = asyncio.ensure_future(child.wait())
        try:
            await asyncio.wait({tended, ended}, return_when=asyncio.FIRST_COMPLETED)
            if child.alive:
                self.output.note(f"stack: {tended.result()}, killed")
                await child.kill()
            status = await ended
        finally:
            tended.cancel()
            ended.cancel()
        said = self.output.last()
        self._set("backoff", f"{ending(status)}{': ' + said if said else ''}")
        self._events.add("engine", self.engine.name, "Died", self.message)
        return child.age

    async def _tend(self, child: Child) -> str:
        """Waits until the child serves and then until it does no more; answers why it must go."""
        if not await self._until_ready(child.pid, START_PATIENCE):
            return f"no answer within {START_PATIENCE:.0f} s"
        unanswered = idle = 0
        while idle < DEAD_AFTER and unanswered < BUSY_DEAD_AFTER:
            began, used = time.monotonic(), child.cpu_seconds()
            await asyncio.sleep(AGAIN_EVERY if unanswered else ALIVE_EVERY)
            fault = await self._fault(child.pid)
            self.message = str(fault or "")
            if fault is None:
                unanswered = idle = 0
                continue
            unanswered += 1
            worked = child.cpu_seconds() - used >= WORKS * (time.monotonic() - began)
            if not (worked and isinstance(fault, Silent)):
                idle += 1
        self._events.add("engine", self.engine.name, "Unhealthy", self.message)
        return f"does not serve any more: {self.message}"

    async def _fault(self, pid: int) -> NotReady | StackError | None:
        """Why the engine does not serve; None when it does."""
        try:
            async with asyncio.timeout(ALIVE_PATIENCE):
                await self.engine.ready(pid)
        except TimeoutError:
            return Silent(f"no answer within {ALIVE_PATIENCE:.0f} s")
        except (NotReady, StackError) as fault:
            return fault
        return None

    async def _until_ready(self, pid: int, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                await self.engine.ready(pid)
                await self._served("ready")
            except (NotReady, StackError) as reason:
                self.message = str(reason)
                await asyncio.sleep(_ASK_EVERY)
            else:
                return True
        return False

    async def _watch_external(self) -> None:
        """Follows an engine that somebody else runs; never returns."""
        self._set("external", "")
        while True:
            try:
                await self.engine.ready(0)
                if not self.serving.is_set():
                    await self._served("external")
            except (NotReady, StackError) as reason:
                self.serving.clear()
                self.message = str(reason)
            await asyncio.sleep(_EXTERNAL_EVERY)

    async def _served(self, state: State) -> None:
        if self._on_ready is not None:
            await self._on_ready()
        self._set(state, "")
        self._events.add("engine", self.engine.name, "Ready", self.engine.address())
        self.serving.set()
        self.settled.set()

    async def _pause(self, seconds: float) -> None:
        self._nudge.clear()
        try:
            await asyncio.wait_for(self._nudge.wait(), seconds)
        except TimeoutError:
            return

    def _set(self, state: State, message: str) -> None:
        self.state = state
        self.message = message
