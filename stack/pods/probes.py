"""Probes, asked as a kubelet asks them: startup first, then readiness and liveness."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from stack.manifests.model import Container, Probe

_REASON_LENGTH = 200
_BODY = 4096


async def ask(port: int, path: str, timeout: float) -> str | None:
    """GET on loopback. None when the answer is 2xx or 3xx, else the reason in words."""
    try:
        async with asyncio.timeout(timeout):
            return await _get(port, path)
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except ConnectionRefusedError:
        return "nothing listens on its port"
    except (OSError, ValueError, IndexError) as error:
        return str(error) or type(error).__name__


async def _get(port: int, path: str) -> str | None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        status = int((await reader.readline()).split()[1])
        if 200 <= status < 400:
            return None
        head_and_body = await reader.read(_BODY)
        body = head_and_body.partition(b"\r\n\r\n")[2].decode(errors="replace")
        return f"{status} {' '.join(body.split())}"[:_REASON_LENGTH].strip()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


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
        while True:
            reason = await self._ask(probe)
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
