"""Processes that only the bench starts: other producers, other pipelines, single consumers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from stack.paths import cache_dir

HERE = Path(__file__).resolve().parent
GO_VERSION = "1"
"""Of the Go producer; another number makes it being built anew."""


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def running(
    argv: Sequence[str], envs: Sequence[Mapping[str, str]]
) -> AsyncIterator[list[int]]:
    """One process for each environment; their ids. They are ended with the block."""
    children = [
        await asyncio.create_subprocess_exec(
            *argv,
            env={**os.environ, **env},
            cwd=HERE.parent,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for env in envs
    ]
    try:
        yield [child.pid for child in children]
    finally:
        for child in children:
            child.terminate()
        for child in children:
            try:
                await asyncio.wait_for(child.wait(), 10)
            except TimeoutError:
                child.kill()
                await child.wait()


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
