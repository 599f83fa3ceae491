"""The life of a service: start, ready, drain, stop, and the admin port that tells of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Awaitable, Callable
from types import TracebackType

from prometheus_client import (
    GC_COLLECTOR,
    REGISTRY,
    disable_created_metrics,
    generate_latest,
)

from services.shared import golden, logline
from services.shared.problem import problem_body
from services.shared.settings import Settings
from services.shared.web import App, Headers, Message, Receive, Send, answer, serving
from wire import problems
from wire.problems import Problem

# Nobody asks for these, and half of what an idle service tells would be of them.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY.unregister(GC_COLLECTOR)

STOP_SECONDS = 20.0
"""What `serve` gets to end after it was told to stop."""
STUCK_SECONDS = 60.0
"""Silence of a loop after which its process counts as stuck."""
_ADMIN_PATHS = ("/livez", "/readyz", "/metrics")


class ReadinessGate:
    """One condition of readiness, shut until `open` is called."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reason = "starting"

    def open(self) -> None:
        """This condition holds."""
        self.reason = ""

    def shut(self, reason: str) -> None:
        """This condition does not hold, because of `reason`."""
        self.reason = reason


class BeginningGate(ReadinessGate):
    """A condition that holds from its first time on. An outage of a store is common to all
    replicas: the service itself says better than a balancer what is wrong."""

    def shut(self, reason: str) -> None:
        """Only while it was never open."""
        if self.reason:
            super().shut(reason)


class Liveness:
    """One condition of liveness: a loop that must beat at least every `limit` seconds."""

    def __init__(self, name: str, limit: float) -> None:
        self.name = name
        self.limit = limit
        self.beat()

    def beat(self) -> None:
        """The loop has come round once more."""
        self._last = time.monotonic()

    @property
    def reason(self) -> str:
        """Why this loop counts as stuck; empty while it beats."""
        silent = time.monotonic() - self._last
        return f"no beat for {silent:.0f} s" if silent > self.limit else ""


class Lifecycle:
    """Readiness, liveness, signals and admin server of one process.

    On SIGTERM or SIGINT the process becomes unready, waits `drain_seconds` so that balancers
    send nothing new, and then sets `stopping`, on which `serve` has to end by itself.
    """

    def __init__(self, settings: Settings, drain_seconds: float | None = None) -> None:
        self.stopping = asyncio.Event()
        self.draining = asyncio.Event()
        self._settings = settings
        self._pause = settings.drain_seconds if drain_seconds is None else drain_seconds
        self._gates: list[ReadinessGate] = []
        self._pulses: list[Liveness] = []
        self._stack = contextlib.AsyncExitStack()
        self._drainer: asyncio.Task[None] | None = None
        self.inner: App | None = None
        """Answers on the admin port what is not of the lifecycle; such as must not be reached by
        an ingress."""
        self.service = self.gate("service")
        """Opened by the service once its own doors are open; the admin server answers earlier."""

    def gate(self, name: str) -> ReadinessGate:
        """A new condition of readiness."""
        self._gates.append(ReadinessGate(name))
        return self._gates[-1]

    def beginning(self, name: str) -> ReadinessGate:
        """A new condition of readiness that an outage does not end."""
        self._gates.append(BeginningGate(name))
        return self._gates[-1]

    def liveness(self, name: str) -> Liveness:
        """A new condition of liveness."""
        self._pulses.append(Liveness(name, STUCK_SECONDS))
        return self._pulses[-1]

    def unready(self) -> dict[str, str]:
        """Condition -> reason for every condition that keeps this process from being ready."""
        if self.draining.is_set():
            return {"lifecycle": "stopping"}
        return {gate.name: gate.reason for gate in self._gates if gate.reason}

    def unwell(self) -> dict[str, str]:
        """Loop -> reason for every loop that is stuck."""
        return {liveness.name: liveness.reason for liveness in self._pulses if liveness.reason}

    async def __aenter__(self) -> Lifecycle:
        settings = self._settings
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        if settings.admin_port:
            await self._stack.enter_async_context(
                serving(self._admin, settings.pod_ip, settings.admin_port, "ADMIN_PORT")
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drainer is not None:
            self._drainer.cancel()
        await self._stack.aclose()

    def stop(self) -> None:
        """Begin to drain; a second call stops at once."""
        if self.draining.is_set():
            self.stopping.set()
            return
        logline.info("draining", seconds=self._pause)
        self.draining.set()
        self._drainer = asyncio.create_task(self._drain(), name="drain")

    async def _drain(self) -> None:
        await asyncio.sleep(self._pause)
        self.stopping.set()

    async def run(self, serve: Callable[[], Awaitable[None]]) -> None:
        """Run `serve` until it ends; it must end soon after `stopping` is set.

        `serve` is cancelled where it is still busy STOP_SECONDS after that. Its exceptions
        are raised here.
        """
        async with self:
            task = asyncio.ensure_future(serve())
            stopping = asyncio.create_task(self.stopping.wait(), name="stopping")
            try:
                await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
                _, late = await asyncio.wait((task,), timeout=STOP_SECONDS)
                if late:
                    logline.error("did not stop in time", seconds=STOP_SECONDS)
                    task.cancel()
                    await asyncio.wait((task,))
                else:
                    task.result()
            finally:
                stopping.cancel()

    async def _admin(self, scope: Message, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path not in _ADMIN_PATHS and self.inner is not None:
            await self.inner(scope, receive, send)
        elif path not in _ADMIN_PATHS:
            await _refuse(send, problems.UNKNOWN_ROUTE, f"paths are {', '.join(_ADMIN_PATHS)}")
        elif scope["method"] not in ("GET", "HEAD"):
            await _refuse(send, problems.WRONG_METHOD, f"{path} takes GET", ((b"allow", b"GET"),))
        elif path == "/metrics":
            told = generate_latest(REGISTRY) + golden.text()
            await answer(send, 200, told, b"text/plain; version=0.0.4")
        elif path == "/readyz":
            await _condition(send, self.unready())
        else:
            await _condition(send, self.unwell())


async def _refuse(send: Send, problem: Problem, message: str, headers: Headers = ()) -> None:
    await answer(send, problem.status, problem_body(problem, message), headers=headers)


async def _condition(send: Send, reasons: dict[str, str]) -> None:
    body = {"status": "no" if reasons else "ok", "reasons": reasons}
    await answer(send, 503 if reasons else 200, json.dumps(body).encode())
