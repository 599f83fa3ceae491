"""Installs the engines that a stack needs, side by side."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from stack.engines.engine import Progress
from stack.engines.kafka.archive import ensure_archive
from stack.engines.kafka.jars import ensure_jars
from stack.engines.kafka.java import found_java
from stack.engines.mongo.programs import any_store, build_rust
from stack.engines.prometheus import prometheus_program
from stack.engines.toxiproxy.build import toxiproxy_program
from stack.errors import StackError
from stack.install.commands import find_program

Step = Callable[[Progress], Awaitable[object]]


async def install_all(progress: Progress, environ: Mapping[str, str] | None = None) -> None:
    """Everything that can be fetched; raises the first StackError after all have ended."""
    given = os.environ if environ is None else environ
    results = await asyncio.gather(
        *(step(progress) for step in _steps(given)), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def install_rust_store(progress: Progress) -> None:
    """The faster document store; compiled, so it takes minutes."""
    await build_rust(progress)


def _steps(given: Mapping[str, str]) -> list[Step]:
    steps: list[Step] = [toxiproxy_program, _program("haproxy")]
    if not given.get("CONTROLROOM_KAFKA"):
        steps.append(_kafka)
    if not given.get("CONTROLROOM_REDIS_URL"):
        steps.append(_program("redis-server"))
    if not given.get("CONTROLROOM_MONGO_URL"):
        steps.append(any_store)
    if not given.get("CONTROLROOM_PROMETHEUS_URL"):
        steps.append(prometheus_program)
    return steps


async def _kafka(progress: Progress) -> None:
    java, _ = await asyncio.gather(found_java(progress), ensure_jars(progress))
    await ensure_archive(java, progress)


def _program(name: str) -> Step:
    async def step(progress: Progress) -> Path:
        found = find_program(name)
        if found is None:
            raise StackError(
                f"{name} is not on this machine.", f"Install the package {name}.", "not_found"
            )
        return found

    return step
