"""All checks, run side by side."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path

from host.doctor import folders
from host.doctor.check import Check
from host.errors import StackError
from host.paths import cache_dir, state_dir
from stack.doctor import places
from stack.engines.kind import EngineKind
from stack.engines.registry import kinds


async def examine(
    state: Path | None = None, environ: Mapping[str, str] | None = None
) -> list[Check]:
    """Every check in a fixed order; takes a fraction of a second and changes nothing."""
    folder = state or state_dir()
    given = os.environ if environ is None else environ
    groups: list[Awaitable[Sequence[Check]]] = [
        _python(),
        *(_engine(kind, folder, given) for kind in kinds().values()),
        asyncio.to_thread(folders.writable, "state folder", folder),
        asyncio.to_thread(folders.writable, "cache folder", cache_dir()),
        asyncio.to_thread(folders.space, folder, cache_dir()),
        asyncio.to_thread(folders.installs, cache_dir() / "engines"),
        asyncio.to_thread(places.sockets, folder),
        asyncio.to_thread(places.ports, folder),
        asyncio.to_thread(places.terminal, given),
    ]
    found = await asyncio.gather(*(_told(group) for group in groups))
    return [check for group in found for check in group]


async def _python() -> Sequence[Check]:
    """The interpreter that runs this."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info >= (3, 11)
    fix = "" if ok else "Run the project with Python 3.11 or later."
    return [Check("python", ok, f"Python {found} at {sys.executable}.", fix)]


async def _engine(kind: EngineKind, state: Path, environ: Mapping[str, str]) -> Sequence[Check]:
    if kind.given(environ):
        return [Check(kind.title or kind.name, True, f"Taken from {kind.setting}.")]
    return await kind.examine(state, environ)


async def _told(group: Awaitable[Sequence[Check]]) -> Sequence[Check]:
    try:
        return await group
    except StackError as error:
        return [Check("machine", False, error.message, error.fix)]


def first_fault(checks: Sequence[Check]) -> StackError | None:
    """The first check that keeps the stack from starting, as the error that a command shows."""
    for check in checks:
        if not check.ok and check.blocks:
            return StackError(f"{check.name}: {check.message}", check.fix)
    return None
