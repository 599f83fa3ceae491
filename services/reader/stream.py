"""Server-sent events: one watcher of the stores, a bounded number of listeners.

Events: `tallies` (the answer of /live) or `page` (what a page shows), its id the version of the
stores; `problem` (an error as JSON, the stream goes on), `end` (the service stops; come back). A
comment keeps a quiet stream alive. A client that comes back with Last-Event-ID is told only what it
has not seen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.reader.errors import RequestError
from services.reader.repository import Repository
from services.shared.limits import Limits
from services.shared.problem import RETRY_AFTER, problem_body
from wire import problems
from wire.documents import DocumentsError
from wire.ending import end

KIND = "text/event-stream"
_LOOK = 0.25
"""Seconds between two looks at the version, for all listeners together."""
_STUCK = 10.0
"""Seconds after which a listener that does not read has lost its place."""
Make = Callable[[Mapping[str, str]], Awaitable[bytes]]
"""Makes the JSON of an event from the query of its listeners."""


class Watcher:
    """Looks at the version of the stores while anybody listens."""

    def __init__(self, repository: Repository, limits: Limits, draining: asyncio.Event) -> None:
        self.limits = limits
        self.draining = draining
        self.version = ""
        self.away = ""
        """Why the stores cannot be asked; empty while they answer."""
        self.turn = 0
        """Rises with everything that listeners have to be told."""
        self._repository = repository
        self._changed = asyncio.Event()
        self._made: dict[tuple[Make, tuple[tuple[str, str], ...]], tuple[int, bytes]] = {}
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None

    def enter(self) -> None:
        """One listener more. Raises RequestError beyond the limit or at the drain."""
        if self._listeners >= self.limits.max_streams or self.draining.is_set():
            raise RequestError(
                problems.TOO_MANY_STREAMS,
                f"{self._listeners} live streams are open",
                "poll /live with If-None-Match, or try again",
                {"retry-after": RETRY_AFTER},
            )
        self._listeners += 1
        if self._task is None:
            self._task = asyncio.create_task(self._watch(), name="live version")

    def leave(self) -> None:
        """One listener less."""
        self._listeners -= 1
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None
            self._made.clear()

    async def changed(self) -> None:
        """Returns at a new turn or the drain, and at the latest when a heartbeat is due."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.limits.heartbeat_seconds):
                await self._changed.wait()

    async def rest(self, seconds: float) -> None:
        """Returns after so long, or at the drain."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.draining.wait()

    async def made(self, make: Make, query: Mapping[str, str]) -> bytes:
        """What is told for one query, made once per turn for all who ask the same."""
        key = make, tuple(sorted(query.items()))
        turn, made = self._made.get(key, (-1, b""))
        if turn != self.turn:
            turn = self.turn
            made = await make(query)
            self._made = {k: v for k, v in self._made.items() if v[0] == turn}
            self._made[key] = (turn, made)
        return made

    async def _watch(self) -> None:
        while not self.draining.is_set():
            await self._look()
            await self.rest(_LOOK)
        self._wake()

    async def _look(self) -> None:
        try:
            version, away = await self._repository.version(), ""
        except (RedisError, OSError) as error:
            version, away = self.version, str(error) or type(error).__name__
        if (version, bool(away)) != (self.version, bool(self.away)) or not self.turn:
            self.version, self.away = version, away
            self.turn += 1
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        if self.draining.is_set():
            self._changed.set()


class LiveStream(Response):
    """One listener; `enter` was called for it. `pace`: seconds between two events at least."""

    def __init__(
        self,
        watcher: Watcher,
        request: Request,
        make: Make,
        event: str = "tallies",
        pace: float = 0.0,
    ) -> None:
        super().__init__(status_code=200, media_type=KIND, headers={"cache-control": "no-store"})
        del self.headers["content-length"]
        self._watcher = watcher
        self._make, self._event, self._pace = make, event, pace
        self._query = dict(request.query_params)
        self._seen = request.headers.get("last-event-id", "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell until the client leaves or the service stops."""
        telling = asyncio.create_task(self._tell(send), name="live stream")
        leaving = asyncio.create_task(_gone(receive), name="live stream's end")
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._watcher.leave()
            await end([telling, leaving])

    async def _tell(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for frame in self._frames():
            async with asyncio.timeout(_STUCK):
                await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _frames(self) -> AsyncIterator[bytes]:
        watcher = self._watcher
        yield b"retry: 1000\n\n"
        turn = 0
        while not watcher.draining.is_set():
            if watcher.turn != turn:
                turn = watcher.turn
                yield await self._news()
                if self._pace:
                    await watcher.rest(self._pace)
            else:
                yield b": beat\n\n"
            if watcher.turn == turn:
                await watcher.changed()
        yield _frame("end", problem_body(problems.STORE_AWAY, "the service stops"))

    async def _news(self) -> bytes:
        watcher = self._watcher
        if watcher.away:
            self._seen = ""
            return _frame("problem", problem_body(problems.STORE_AWAY, watcher.away))
        version = watcher.version
        if version == self._seen:
            return b": nothing new\n\n"
        try:
            made = await watcher.made(self._make, self._query)
        except (RedisError, DocumentsError, OSError) as error:
            return _frame("problem", problem_body(problems.STORE_AWAY, str(error)))
        except RequestError as error:
            return _frame("problem", problem_body(error.problem, str(error), fix=error.fix))
        self._seen = version
        return _frame(self._event, made, version)


def _frame(event: str, data: bytes, version: str = "") -> bytes:
    head = f"id: {version}\n" if version else ""
    return f"{head}event: {event}\n".encode() + b"data: " + data + b"\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
