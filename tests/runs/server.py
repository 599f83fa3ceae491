"""A real HTTP/1.1 server on loopback that counts what it is sent."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_ENDS = (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)


@dataclass
class Server:
    """What it does with the next requests, and what it has seen."""

    url: str = ""
    delay: float = 0.0
    """Seconds before each answer."""
    status: int = 200
    body: bytes = b'{"message":"ok"}'
    hang_up_after: int = 0
    """Closes a connection without an answer after so many requests on it."""
    bodies: list[bytes] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answered: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    @property
    def count(self) -> int:
        """Requests that arrived whole."""
        return len(self.bodies)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        seen = 0
        with contextlib.suppress(*_ENDS):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                self.bodies.append(await reader.readexactly(int(fields["content-length"])))
                self.ids.append(fields.get("x-event-id", ""))
                self.paths.append(head[0].split(" ")[1])
                seen += 1
                if seen == self.hang_up_after:
                    break
                await self._answer(writer)
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.delay:
                await asyncio.sleep(self.delay)
            head = f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\n"
            # before the client has it, who may look at once
            self.answered += 1
            writer.write(f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body)
            await writer.drain()
        finally:
            self.in_flight -= 1


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server in a thread of its own, on a free port."""
    server = Server()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> None:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        ready.set()
        async with listener:
            await listener.serve_forever()

    def work() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    task = loop.create_task(serve())
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10), "the test's server did not start"
    yield server
    loop.call_soon_threadsafe(task.cancel)
    thread.join(10)
    for left in asyncio.all_tasks(loop):
        left.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
