"""Installs the engines that a stack needs, side by side."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from host.install.progress import Progress
from stack.engines.registry import kinds


async def install_all(progress: Progress, environ: Mapping[str, str] | None = None) -> None:
    """Everything that can be fetched; raises the first StackError after all have ended."""
    given = os.environ if environ is None else environ
    wanted = [kind for kind in kinds().values() if not kind.given(given)]
    results = await asyncio.gather(
        *(kind.install(progress) for kind in wanted), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
