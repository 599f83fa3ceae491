"""Runs an engine by its own spec, as the supervisor does."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from stack.engines.engine import Engine, NotReady
from stack.spec import ProcessSpec
from tests.waiting import until

LINES: list[str] = []
"""What the engines told of their preparation."""


async def start(spec: ProcessSpec, log: Path) -> asyncio.subprocess.Process:
    """The child, its output in `log`."""
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            *spec.argv,
            cwd=spec.cwd,
            env=spec.env,
            stdin=subprocess.PIPE if spec.stdin is not None else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if spec.stdin is not None:
        assert child.stdin is not None
        child.stdin.write(spec.stdin)
        child.stdin.close()
    return child


async def stop(child: asyncio.subprocess.Process, spec: ProcessSpec) -> None:
    """Asks it to end, and ends it when it does not."""
    if child.returncode is not None:
        return
    os.kill(child.pid, spec.stop_signal)
    try:
        await asyncio.wait_for(child.wait(), spec.stop_timeout)
    except TimeoutError:
        child.kill()
        await child.wait()


async def when_ready(
    engine: Engine, child: asyncio.subprocess.Process, timeout: float = 60
) -> None:
    """Returns when the engine says that it serves."""

    async def probe() -> bool:
        assert child.returncode is None, f"{engine.name} ended with {child.returncode}"
        try:
            await engine.ready(child.pid)
        except NotReady:
            return False
        return True

    await until(probe, f"{engine.name} serves", timeout)


@asynccontextmanager
async def running(engine: Engine, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Prepares and runs the engine, ready."""
    await engine.prepare(LINES.append)
    spec = engine.spec()
    assert spec is not None
    child = await start(spec, folder / f"{engine.name}.log")
    try:
        await when_ready(engine, child)
        yield child
    finally:
        await stop(child, spec)
