"""uvicorn's HTTP connection for applications that answer whole."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.shared.cycle import Cycle


class LeanProtocol(HttpToolsProtocol):
    """Makes of each request what `Cycle` and the application need, and nothing else.

    No timer runs per request: whoever owns it calls `rest_at_most` now and then.
    """

    _idle_since = 0.0
    """When the last answer was given; 0 while a request is under way."""

    def on_message_begin(self) -> None:
        """A request begins."""
        self._idle_since = 0.0
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        """Give the request to the application, after those before it."""
        path, query = _split(self.url)
        scope = {
            "type": "http",
            "method": self.parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "query_string": query,
            "headers": self.headers,
        }
        keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        before: Any = self.cycle
        cycle: Any = Cycle(
            scope, self.transport, self.flow, keep_alive, done=self.on_response_complete
        )
        cycle.continued = not self.expect_100_continue
        self.cycle = cycle
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        task = self.loop.create_task(cycle.run(app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        cycle: Any = self.cycle
        if cycle.response_complete:
            return
        cycle.body = cycle.body + body if cycle.body else body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.set()

    def on_message_complete(self) -> None:
        """The body is whole."""
        cycle: Any = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.set()

    def on_response_complete(self) -> None:
        """Turn to the next request, or rest until there is one."""
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._idle_since = self.loop.time()

    def rest_at_most(self, seconds: float, now: float) -> None:
        """Close a connection that has rested for longer."""
        if self._idle_since and now - self._idle_since > seconds:
            self.transport.close()


def _split(target: bytes) -> tuple[str, bytes]:
    """Path and query of a request target, which may be a whole URL."""
    if target[:1] != b"/":
        parsed = httptools.parse_url(target)
        return (parsed.path or b"/").decode("latin-1"), parsed.query or b""
    path, _, query = target.partition(b"?")
    return path.decode("latin-1"), query
