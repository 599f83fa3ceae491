"""From the command line to a running service: settings, log lines, one exit code."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from scenarios.loading import ScenarioError
from services.shared import logline
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings, SettingsError

Serve = Callable[[Settings, Lifecycle], Awaitable[None]]
Runner = Callable[[Coroutine[Any, Any, int]], int]

BAD_ENVIRONMENT = 2
"""Exit code of a service that cannot start as it was told to."""


def start(
    service: str,
    needed: tuple[str, ...],
    serve: Serve,
    *,
    drain_seconds: float | None = None,
    runner: Runner = asyncio.run,
) -> int:
    """Run `serve(settings, lifecycle)` until it ends or a signal ends it; the exit code.

    `needed` are the fields of Settings that this service cannot do without; `runner` runs the
    coroutine on an event loop of its choice.
    """
    logline.setup(service, "")
    try:
        settings = Settings.from_env(*needed)
    except SettingsError as error:
        logline.error(error.message, fix=error.fix)
        return BAD_ENVIRONMENT
    logline.setup(service, settings.pod_name)
    gc.freeze()
    return runner(_run(service, settings, serve, drain_seconds))


async def _run(service: str, settings: Settings, serve: Serve, drain: float | None) -> int:
    lifecycle = Lifecycle(settings, drain)
    asyncio.get_running_loop().set_exception_handler(unheard)

    async def served() -> None:
        await serve(settings, lifecycle)

    logline.info("starting", scenario=settings.scenario)
    try:
        await lifecycle.run(served)
    except (SettingsError, ScenarioError) as error:
        logline.error(error.message, fix=error.fix)
        return BAD_ENVIRONMENT
    except Exception as error:
        logline.error(f"{service} ended: {error}", trace=error)
        return 1
    logline.info("stopped")
    return 0


def unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Logs an error that no code has awaited, except a failed look-up of a name.

    A client that gives up a connection cancels it, and uvloop goes on with the look-up of the name.
    The client reports the failure itself, so the error of the look-up is left out.
    """
    if "future" in context and isinstance(context.get("exception"), socket.gaierror):
        return
    loop.default_exception_handler(context)


def main(code: int) -> None:
    """Leave the process with `code`, with all log lines written."""
    sys.stdout.flush()
    sys.exit(code)
