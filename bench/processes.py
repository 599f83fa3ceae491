"""Processes that only the bench starts: other producers, other pipelines, single consumers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from host.paths import cache_dir

HERE = Path(__file__).resolve().parent
GO_VERSION = "1"
"""Of the Go producer; another number makes a new build."""
LAST_LINES, LAST_BYTES = 20, 8192
"""Of what a lost process has said."""
NOTICE = 5.0
"""Seconds from the end of a process to the word of it."""


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


class ProcessLost(Exception):
    """A process of the bench ended by itself; the text says which, how, and its last words."""


class _Child:
    """One process, and the file that keeps what it says."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, said: IO[bytes]) -> None:
        self._name = name
        self._said = said
        self.process = process

    async def lost(self) -> str:
        """Waits for its end; how it ended, in words."""
        status = await self.process.wait()
        how = f"exit {status}" if status >= 0 else f"signal {-status}"
        return f"{self._name}, pid {self.process.pid}, ended: {how}\n{self._last_words()}"

    async def end(self) -> None:
        """Asks it to, and makes it where it does not."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    def _last_words(self) -> str:
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - LAST_BYTES))
        lines = self._said.read().decode(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join(f"  {line}" for line in lines) or "  it said nothing"


@contextlib.contextmanager
def _kept_words() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(prefix="controlroom-bench-") as said:
        yield said


@contextlib.asynccontextmanager
async def running(
    argv: Sequence[str], envs: Sequence[Mapping[str, str]]
) -> AsyncIterator[list[int]]:
    """One process for each environment; their ids. They are ended with the block.

    Raises ProcessLost, in place of what the block does, as soon as one of them ends by itself.
    """
    name = argv[argv.index("-m") + 1] if "-m" in argv else Path(argv[0]).name
    async with contextlib.AsyncExitStack() as stack:
        children = []
        for number, env in enumerate(envs, 1):
            said = stack.enter_context(_kept_words())
            process = await asyncio.create_subprocess_exec(
                *argv, env={**os.environ, **env}, cwd=HERE.parent, stdout=said, stderr=said
            )
            children.append(_Child(f"{name} {number} of {len(envs)}", process, said))
            stack.push_async_callback(children[-1].end)
        async with _together(children):
            yield [child.process.pid for child in children]


@contextlib.asynccontextmanager
async def _together(children: Sequence[_Child]) -> AsyncIterator[None]:
    """Ends the block with ProcessLost when one of them does."""
    body = asyncio.current_task()
    assert body is not None
    lost: list[str] = []

    async def watch(child: _Child) -> None:
        lost.append(await child.lost())
        body.cancel()

    watches = [asyncio.ensure_future(watch(child)) for child in children]
    try:
        try:
            yield
        except psutil.NoSuchProcess:
            # the block may have looked at it before its end was told here
            await asyncio.wait(watches, timeout=NOTICE, return_when=asyncio.FIRST_COMPLETED)
            raise
        finally:
            for each in watches:
                each.cancel()
    except (asyncio.CancelledError, psutil.NoSuchProcess):
        if not lost:
            raise
        body.uncancel()
        raise ProcessLost("\n".join(lost)) from None


async def answering(addresses: Sequence[str], seconds: float = 20.0) -> None:
    """Returns when all of them take connections. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        for address in addresses:
            host, _, port = address.rpartition(":")
            while True:
                try:
                    _, writer = await asyncio.open_connection(host, int(port))
                    writer.close()
                    break
                except OSError:
                    await asyncio.sleep(0.05)


def go_producer() -> str | None:
    """The program, built into the cache at its first use; None where there is no Go."""
    program = cache_dir() / "bench" / f"go-producer-{GO_VERSION}"
    if program.exists():
        return str(program)
    go = shutil.which("go")
    if go is None:
        return None
    print("building the Go producer (a minute)", file=sys.stderr, flush=True)
    program.parent.mkdir(parents=True, exist_ok=True)
    argv = [go, "build", "-trimpath", "-buildvcs=false", "-o", str(program), "."]
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    done = subprocess.run(argv, cwd=HERE / "go_producer", env=env, capture_output=True, text=True)
    if done.returncode:
        print(f"the Go producer could not be built: {done.stderr.strip()}", file=sys.stderr)
        return None
    return str(program)
