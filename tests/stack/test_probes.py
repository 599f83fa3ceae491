"""A probe keeps its connection, and makes it anew where it was closed from there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from stack.pods.probes import Line
from tests.ports import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
AWAY = b'HTTP/1.1 503 Unavailable\r\ncontent-length: 15\r\n\r\n{"redis":\n"no"}'
BARE = b"HTTP/1.0 200 OK\r\n\r\nok"
TIMEOUT = 5.0


class Server:
    """Gives the same answer to each request; knows how many connections it was asked on."""

    def __init__(self, answer: bytes, *, closes: bool = False) -> None:
        self.answer = answer
        self.connections = 0
        self._closes = closes
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(self.answer)
                if self._closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def close_all(self) -> None:
        """Closes every connection, as a process that is replaced does."""
        for each in self._open:
            each.close()


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Line]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        with Line(listening.sockets[0].getsockname()[1]) as line:
            yield line


async def test_many_questions_go_by_one_connection() -> None:
    server = Server(OK)
    async with serving(server) as line:
        assert [await line.ask("/readyz", TIMEOUT) for _ in range(20)] == [None] * 20
    assert server.connections == 1


async def test_an_answer_that_says_no_is_told_and_the_connection_stays() -> None:
    server = Server(AWAY)
    async with serving(server) as line:
        assert await line.ask("/readyz", TIMEOUT) == '503 {"redis": "no"}'
        server.answer = OK
        assert await line.ask("/readyz", TIMEOUT) is None
    assert server.connections == 1


@pytest.mark.parametrize(
    ("server", "between"),
    [
        (Server(OK), Server.close_all),
        (Server(OK, closes=True), lambda _: None),
        (Server(BARE, closes=True), lambda _: None),
    ],
    ids=["closed since", "closes after each", "without a length"],
)
async def test_a_connection_that_is_gone_is_made_anew(
    server: Server, between: Callable[[Server], None]
) -> None:
    async with serving(server) as line:
        assert await line.ask("/readyz", TIMEOUT) is None
        between(server)
        assert await line.ask("/readyz", TIMEOUT) is None
    assert server.connections == 2


async def test_what_does_not_answer_and_what_is_not_there_are_told_apart() -> None:
    async with serving(Server(b"")) as line:
        assert await line.ask("/readyz", 0.05) == "no answer within 0.05 s"
    with Line(free_port()) as line:
        assert await line.ask("/readyz", TIMEOUT) == "nothing listens on its port"
