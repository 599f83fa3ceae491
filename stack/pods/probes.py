"""Probes, asked as a kubelet asks them: startup first, then readiness and liveness."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Self

from stack.manifests.model import Container, Probe

_REASON_LENGTH = 200
_BODY = 4096
_LENGTH = re.compile(r"^content-length: *(\d{1,6})\r$", re.I | re.M)


async def ask(port: int, path: str, timeout: float) -> str | None:
    """GET on loopback, on a connection of its own.

    None when the answer is 2xx or 3xx, else the reason in words.
    """
    with Line(port) as line:
        return await line.ask(path, timeout)


class Line:
    """A connection to one port of loopback, made anew where it is not there any more.

    It is closed when the block ends. Most of what a probe costs is the making of a connection, for
    both sides.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    async def ask(self, path: str, timeout: float) -> str | None:
        """GET; None when the answer is 2xx or 3xx, else the reason in words."""
        try:
            async with asyncio.timeout(timeout):
                return await self._get(path)
        except TimeoutError:
            reason = f"no answer within {timeout:g} s"
        except ConnectionRefusedError:
            reason = "nothing listens on its port"
        except (OSError, EOFError, ValueError, IndexError) as error:
            reason = str(error) or type(error).__name__
        self._hang_up()
        return reason

    async def _get(self, path: str) -> str | None:
        if self._streams is not None:
            with contextlib.suppress(OSError, EOFError):
                return await self._answer(*self._streams, path)
            # it was closed from there since the last question
            self._hang_up()
        self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        return await self._answer(*self._streams, path)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str
    ) -> str | None:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split()[1])
        length = _LENGTH.search(head)
        if length is not None:
            body = await reader.readexactly(int(length[1]))
        else:
            body = await reader.read(_BODY)
            self._hang_up()
        if 200 <= status < 400:
            return None
        return f"{status} {' '.join(body.decode(errors='replace').split())}"[
            :_REASON_LENGTH
        ].strip()

    def _hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class ProbeWatch:
    """Asks the probes of one life of a container until it is cancelled.

    `on_ready` is told each change with the reason; `on_dead` once, when the container must be
    started again.
    """

    def __init__(
        self,
        container: Container,
        ports: Mapping[int, int],
        on_ready: Callable[[bool, str], None],
        on_dead: Callable[[str], None],
    ) -> None:
        self._container = container
        self._ports = ports
        self._on_ready = on_ready
        self._on_dead = on_dead

    async def run(self) -> None:
        """Never returns by itself unless the container must be started again."""
        startup = self._container.startup
        if startup is not None and not await self._started(startup):
            return
        await asyncio.gather(self._readiness(), self._liveness())

    async def _started(self, probe: Probe) -> bool:
        await asyncio.sleep(probe.initial_delay)
        reason: str | None = ""
        for _ in range(probe.failure_threshold):
            reason = await self._ask(probe)
            if reason is None:
                return True
            self._on_ready(False, f"starting: {reason}")
            await asyncio.sleep(probe.period)
        self._on_dead(f"startup probe failed: {reason}")
        return False

    async def _readiness(self) -> None:
        probe = self._container.readiness
        if probe is None:
            self._on_ready(True, "")
            return
        await asyncio.sleep(probe.initial_delay)
        good = bad = 0
        # asked most often; that new connections are taken too is what the liveness probe finds
        with Line(self._ports[probe.port]) as line:
            while True:
                reason = await line.ask(probe.path, probe.timeout)
                good, bad = (good + 1, 0) if reason is None else (0, bad + 1)
                if good >= probe.success_threshold:
                    self._on_ready(True, "")
                elif bad >= probe.failure_threshold:
                    self._on_ready(False, f"not ready: {reason}")
                await asyncio.sleep(probe.period)

    async def _liveness(self) -> None:
        probe = self._container.liveness
        if probe is None:
            return
        await asyncio.sleep(probe.initial_delay)
        bad = 0
        while True:
            reason = await self._ask(probe)
            bad = 0 if reason is None else bad + 1
            if bad >= probe.failure_threshold:
                self._on_dead(f"liveness probe failed: {reason}")
                return
            await asyncio.sleep(probe.period)

    async def _ask(self, probe: Probe) -> str | None:
        return await ask(self._ports[probe.port], probe.path, probe.timeout)
