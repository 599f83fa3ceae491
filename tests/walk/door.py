"""A door before an engine, which can be shut, stuck, or answered by somebody who talks nonsense."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

Place = tuple[str, int] | Path
"""A port of a host, or a socket of a folder."""


class Speaker(Protocol):
    """Answers in an engine's stead, on one connection."""

    def answer(self, data: bytes) -> bytes | None:
        """What is said to this; None has it carried on to the engine."""


Nonsense = Callable[[], Speaker]
"""Makes one for every connection."""


class Door:
    """Carries bytes to an engine and back, until it is told to do something else.

    Whatever it is told, all that was open is reset, unless the door hangs: then nobody is told
    anything.
    """

    def __init__(self, engine: Place) -> None:
        self.place: Place = ("", 0)
        """Where it listens."""
        self._engine = engine
        self._server: asyncio.AbstractServer | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._left: int | None = None
        """Bytes that are still carried back before it hangs; None for all."""
        self._nonsense: Nonsense | None = None

    @property
    def port(self) -> int:
        """Where it listens on loopback."""
        assert isinstance(self.place, tuple)
        return self.place[1]

    async def listen(self, at: Path | None = None) -> None:
        """Opens it: on a port, which it keeps, or on that socket."""
        if at is not None or isinstance(self.place, Path):
            self.place = at or self.place
            assert isinstance(self.place, Path)
            self.place.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._carry, str(self.place))
            return
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.place[1])
        self.place = ("127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def carry(self, engine: Place | None = None) -> None:
        """Carries everything, to another engine where one is given."""
        self._engine = engine or self._engine
        await self._become()

    def goes_to(self, engine: Place) -> None:
        """Carries to that engine from the next connection on."""
        self._engine = engine

    async def refuse(self) -> None:
        """Nobody listens."""
        self._reset()
        self._shut()

    async def hang(self, after: int = 0) -> None:
        """Takes connections and carries `after` bytes back in all, then nothing."""
        if self._server is None:
            await self.listen()
        self._nonsense, self._left = None, after

    async def talk(self, nonsense: Nonsense) -> None:
        """Answers by itself."""
        await self._become(nonsense)

    async def close(self) -> None:
        """Ends it and what it carries."""
        await self.refuse()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _become(self, nonsense: Nonsense | None = None) -> None:
        self._nonsense, self._left = nonsense, None
        self._reset()
        if self._server is None:
            await self.listen()

    def _shut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if isinstance(self.place, Path):
            self.place.unlink(missing_ok=True)

    def _reset(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ends = {writer}
        self._open.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await self._reached()
            ends.add(far_writer)
            self._open.add(far_writer)
            speaker = self._nonsense() if self._nonsense is not None else None
            there = self._there(reader, writer, far_writer, speaker)
            await asyncio.gather(there, self._back(far_reader, writer), return_exceptions=True)
        for end in ends:
            self._open.discard(end)
            end.transport.abort()

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._engine, Path):
            return await asyncio.open_unix_connection(str(self._engine))
        return await asyncio.open_connection(*self._engine)

    async def _there(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far: asyncio.StreamWriter,
        speaker: Speaker | None,
    ) -> None:
        while data := await reader.read(65536):
            said = speaker.answer(data) if speaker is not None else None
            if said is None:
                far.write(data)
                await far.drain()
            elif said:
                writer.write(said)
                await writer.drain()
            else:
                break
        far.close()
        if speaker is not None:
            writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self._left is not None:
                data, self._left = data[: self._left], max(0, self._left - len(data))
            writer.write(data)
            await writer.drain()
        if self._left is None:
            writer.close()


@asynccontextmanager
async def door(engine: Place, at: Path | None = None) -> AsyncIterator[Door]:
    """A door that carries everything; it ends with the block."""
    made = Door(engine)
    await made.listen(at)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def talking(nonsense: Nonsense, at: Path | None = None) -> AsyncIterator[int]:
    """Somebody who talks nonsense, on the port that this gives, or on that socket."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        speaker = nonsense()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65536):
                said = speaker.answer(data)
                if not said:
                    break
                writer.write(said)
                await writer.drain()
        writer.close()

    if at is not None:
        server: asyncio.AbstractServer = await asyncio.start_unix_server(carry, str(at))
        port = 0
    else:
        tcp = await asyncio.start_server(carry, "127.0.0.1", 0)
        server, port = tcp, tcp.sockets[0].getsockname()[1]
    try:
        yield port
    finally:
        server.close()
