"""One request and its answer, between the connection and an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from services.shared import logline

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE = b"connection: close\r\n"
_FAILED = STATUS_LINE[500] + b"content-length: 0\r\n" + _CLOSE + b"\r\n"


class Cycle:
    """The ASGI channel of one request whose answer is a head with its length and one body.

    It replaces uvicorn's `RequestResponseCycle` and is cheaper: an event to wait on is made only
    when the application has to wait, and head and body are sent by one write.
    """

    __slots__ = (
        "_done",
        "_flow",
        "_head",
        "_scope",
        "_transport",
        "_waiter",
        "body",
        "continued",
        "disconnected",
        "keep_alive",
        "more_body",
        "response_complete",
        "response_started",
    )

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        transport: asyncio.Transport,
        flow: FlowControl,
        keep_alive: bool,
        done: Callable[[], None],
    ) -> None:
        self.body = b""
        """What has come and was not received yet."""
        self.more_body = True
        self.continued = True
        """False while the client waits to be told that its body is wanted."""
        self.disconnected = False
        self.keep_alive = keep_alive
        self.response_started = False
        self.response_complete = False
        self._scope = scope
        self._transport = transport
        self._flow = flow
        self._done = done
        self._head = b""
        self._waiter: asyncio.Future[None] | None = None

    @property
    def message_event(self) -> Cycle:
        """What uvicorn's connection sets when the client has left."""
        return self

    def set(self) -> None:
        """There is something to receive."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def run(self, app: Any) -> None:
        """Let the application answer; where it does not, the connection ends."""
        try:
            await app(self._scope, self.receive, self.send)
        except Exception as error:
            logline.error("a request was not answered", trace=error)
        if not self.response_complete and not self.disconnected:
            self.response_started = self.response_complete = True
            self._transport.write(_FAILED)
            self._transport.close()

    async def receive(self) -> dict[str, Any]:
        """The body as far as it has come; waits where nothing new has."""
        if not self.continued:
            self.continued = True
            self._transport.write(_CONTINUE)
        if self.more_body and not self.body and not self.disconnected:
            self._flow.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body = self.body, b""
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Take the head, then the body."""
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start":
            self._head = self._headed(message)
            return
        self.response_started = self.response_complete = True
        body = b"" if self._scope["method"] == "HEAD" else message["body"]
        self._transport.write(self._head + body)
        if not self.keep_alive:
            self._transport.close()
        self._done()

    def _headed(self, message: MutableMapping[str, Any]) -> bytes:
        parts = [STATUS_LINE[message["status"]]]
        closing = False
        for name, value in message["headers"]:
            parts += (name, b": ", value, b"\r\n")
            closing = closing or name == b"connection"
        if closing:
            self.keep_alive = False
        elif not self.keep_alive:
            parts.append(_CLOSE)
        parts.append(b"\r\n")
        return b"".join(parts)
