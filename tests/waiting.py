"""Waiting for a condition, never for a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds for what happens within one or two on a machine that does nothing else."""


@overload
async def until(
    probe: Callable[[], Awaitable[T | None]], what: str, timeout: float = ..., every: float = ...
) -> T: ...
@overload
async def until(
    probe: Callable[[], T | None], what: str, timeout: float = ..., every: float = ...
) -> T: ...
async def until(
    probe: Callable[[], Any], what: str, timeout: float = PATIENCE, every: float = 0.05
) -> Any:
    """The first true answer of `probe`; AssertionError names what never happened."""
    deadline = time.monotonic() + timeout
    last: object = None
    while time.monotonic() < deadline:
        answer: Any = probe()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        last = value
        await asyncio.sleep(every)
    raise AssertionError(f"{what}: did not happen within {timeout} s (last answer: {last!r})")
