"""The HTTP connection of a server that strangers reach: bounded in size, time and number."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from services.shared.lean import LeanProtocol
from services.shared.limits import Limits
from services.shared.problem import RETRY_AFTER, problem_body
from wire import problems
from wire.problems import Problem

SWEEP, IDLE_SWEEP = 0.25, 1.0
"""Seconds between two looks for requests that do not arrive, and while none is on its way."""


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's connection, which ends what is too large, too slow or one too many.

    No timer runs per request: `sweep` looks at all connections together.
    """

    limits: ClassVar[Limits] = Limits()
    _since = 0.0
    """When the request began that has not arrived yet; 0 while none is awaited."""
    _head = 0
    """Bytes of a head that came in more than one piece."""
    _piece = 0
    """Bytes of the newest piece."""
    _in_head = True
    _surplus = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection; far beyond the limit it is not even listened to."""
        super().connection_made(transport)
        self._since = self.loop.time()
        there = len(self.connections)
        self._surplus = there > self.limits.max_connections
        if there > 2 * self.limits.max_connections:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what came, as long as the head stays within its limit."""
        if self.transport.is_closing():
            return
        self._piece = len(data)
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > self.limits.max_header_bytes:
                self._end(problems.HEADERS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._since = self.loop.time()
        self._in_head = True
        self._head = 0

    def on_headers_complete(self) -> None:
        """Hand the request to the application, or to the refusal it has earned."""
        self._in_head = False
        problem = self._refused()
        if problem is None:
            super().on_headers_complete()
            return
        self.app = _Refusal(problem)
        super().on_headers_complete()
        self.app = self.config.loaded_app

    @property
    def under_way(self) -> bool:
        """Whether a request has begun to arrive and is not whole."""
        return self._since > 0

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._since = 0.0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP at all."""
        self._end(problems.BAD_HTTP)

    def expire(self, now: float) -> None:
        """End the connection where a request is overdue."""
        if self._since and now - self._since > self.limits.request_seconds:
            self._end(problems.TOO_SLOW)

    def _refused(self) -> Problem | None:
        if self._surplus:
            return problems.TOO_MANY_CONNECTIONS
        if self._head + self._piece <= self.limits.max_header_bytes:
            return None
        size = len(self.url)
        for name, value in self.headers:
            size += len(name) + len(value)
        return problems.HEADERS_TOO_LARGE if size > self.limits.max_header_bytes else None

    def _end(self, problem: Problem) -> None:
        """Answer outside the application, unless it answers already, and close."""
        self._since = 0.0
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(_answer(problem))
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()


class _Refusal:
    """An application with one answer, after which the connection ends."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer."""
        body = problem_body(self._problem)
        headers = [(name.encode(), value.encode()) for name, value in _headers(self._problem, body)]
        await send(
            {
                "type": "http.response.start",
                "status": self._problem.status,
                "headers": headers,
            }
        )
        await send({"type": "http.response.body", "body": body})


def _headers(problem: Problem, body: bytes) -> list[tuple[str, str]]:
    headers = [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("connection", "close"),
    ]
    return [*headers, ("retry-after", RETRY_AFTER)] if problem.retry else headers


def _answer(problem: Problem) -> bytes:
    body = problem_body(problem)
    lines = "".join(f"{name}: {value}\r\n" for name, value in _headers(problem, body))
    return STATUS_LINE[problem.status] + lines.encode() + b"\r\n" + body


class _GuardedLeanProtocol(GuardedProtocol, LeanProtocol):
    def expire(self, now: float) -> None:
        super().expire(now)
        self.rest_at_most(self.timeout_keep_alive, now)


def guarded(limits: Limits, *, whole: bool = False) -> type[GuardedProtocol]:
    """The protocol with these limits; `whole`: for an application that answers whole."""
    base = _GuardedLeanProtocol if whole else GuardedProtocol
    return type("GuardedProtocol", (base,), {"limits": limits})


async def sweep(connections: set[Any]) -> None:
    """Look for overdue requests until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        under_way = any(connection.under_way for connection in connections)
        await asyncio.sleep(SWEEP if under_way else IDLE_SWEEP)
        now = loop.time()
        for connection in tuple(connections):
            connection.expire(now)
