"""`python -m services.producer_wasm.worker`: what a WebAssembly module accepts, onto Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from scenarios.events import EventCodec
from scenarios.loading import load
from services.producer_wasm.description import description
from services.producer_wasm.frames import Answers, BrokenError, Reader, Requests, frame
from services.producer_wasm.judging import Judge
from services.producer_wasm.sandbox import SHIPPED, Bounds, Sandbox
from services.producer_wasm.taking import Taking
from services.queues.registry import publishing, side
from services.shared import golden, logline
from services.shared.acknowledged import keeping
from services.shared.heap import give_back
from services.shared.intake import Intake
from services.shared.lifecycle import Lifecycle
from services.shared.loop import run
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.web import bind

NEEDED = ("ledger_dir", "worker_port", "admin_port")
_GRACE = 10.0
_FRONTS = 4
"""Connections; a pod has one front, and one that starts anew has two for a moment."""
_MOST = 16
"""Frames of one connection that are worked at; then it is not read on."""


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops and the front of the pod has ended."""
    give_back()
    scenario = load(settings.scenario)
    limits = settings.limits
    file = settings.wasm_module or SHIPPED
    bounds = Bounds(limits.max_module_bytes, limits.max_module_fuel)
    judge = Judge(Sandbox(file, description(scenario), bounds), scenario)
    logline.info("module", file=str(file))
    async with (
        keeping(settings, scenario.name, side(settings, scenario)) as acknowledged,
        publishing(settings, scenario, lifecycle) as publisher,
    ):
        origin = settings.origin or "wasm"
        intake = Intake(EventCodec(scenario), publisher, acknowledged, origin, settings.dedup)
        address = f"{settings.pod_ip}:{settings.worker_port}"
        door = Door(Taking(judge, intake), golden.inbound(address))
        bound = bind(settings.pod_ip, settings.worker_port, "WORKER_PORT")
        server = await asyncio.get_running_loop().create_server(door.connection, sock=bound)
        lifecycle.service.open()
        try:
            await lifecycle.stopping.wait()
        finally:
            server.close()
            await door.close()


class Door:
    """The connections of the worker, one for each front."""

    def __init__(self, taking: Taking, traffic: golden.Traffic) -> None:
        self._taking = taking
        self._traffic = traffic
        self._open: set[_Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def connection(self) -> asyncio.Protocol:
        """A new one, for the event loop."""
        return _Connection(self._answers, self._begun, self._ended)

    async def close(self) -> None:
        """Wait until the front has gone, which ends when it has no request any more."""
        try:
            await asyncio.wait_for(self._empty.wait(), _GRACE)
        except TimeoutError:
            await asyncio.gather(*(connection.close() for connection in tuple(self._open)))

    def _begun(self, connection: _Connection) -> None:
        if len(self._open) == _FRONTS:
            connection.refuse()
            return
        self._open.add(connection)
        self._empty.clear()

    def _ended(self, connection: _Connection) -> None:
        self._open.discard(connection)
        if not self._open:
            self._empty.set()

    async def _answers(self, given: Requests) -> Answers:
        started = self._traffic.begin()
        status = 500
        try:
            answers = await self._taking.take(given.requests)
            status = 503 if any(answer.retry_after for answer in answers) else 200
            status = 500 if any(answer.code == "module_failed" for answer in answers) else status
            return Answers(given.number, answers)
        finally:
            self._traffic.end(started, status)


class _Connection(asyncio.Protocol):
    def __init__(
        self,
        answers: Callable[[Requests], Awaitable[Answers]],
        begun: Callable[[_Connection], None],
        ended: Callable[[_Connection], None],
    ) -> None:
        self._answers = answers
        self._begun = begun
        self._ended = ended
        self._reader = Reader(Requests)
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._begun(self)

    def data_received(self, data: bytes) -> None:
        try:
            for requests in self._reader.feed(data):
                task = asyncio.get_running_loop().create_task(self._take(requests))
                self._tasks.add(task)
                task.add_done_callback(self._done)
        except BrokenError as error:
            logline.warning("a stranger at the worker's port", error=str(error))
            self.refuse()
        if len(self._tasks) >= _MOST:
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._ended(self)

    def refuse(self) -> None:
        """Have nothing more to do with it."""
        self._transport.abort()

    async def close(self) -> None:
        """Answer what was taken, and nothing else."""
        self._transport.pause_reading()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._transport.close()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if len(self._tasks) < _MOST and not self._transport.is_closing():
            self._transport.resume_reading()

    async def _take(self, requests: Requests) -> None:
        answers = await self._answers(requests)
        if not self._transport.is_closing():
            self._transport.write(frame(answers))


if __name__ == "__main__":
    main(start("producer-wasm-worker", NEEDED, serve, runner=run))
