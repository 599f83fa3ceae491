"""A stack that belongs to one run of a bench and goes with it, however the run ends."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import psutil

from bench.processes import ProcessLost
from host.errors import StackError
from stack.client import StackClient
from stack.daemon_files import DaemonFiles
from tests.own_stack import PYTHON, RUST, OwnStack

INTERRUPTED, LOST = 130, 1
LAST_EVENTS = 20
_NOTHING: Mapping[str, str] = MappingProxyType({})


def print_machine() -> None:
    """When, and on what kind of machine, with its load (average of a minute)."""
    print(
        f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, {platform.machine()}, "
        f"load {os.getloadavg()[0]:.1f}"
    )


STORES = (PYTHON, RUST)
"""What a newcomer's stack begins with, and what is built beside it."""


def document_store(stack: OwnStack) -> str:
    """Kind and version of the one that runs."""
    found = next(e for e in stack.status()["engines"] if e["name"] == "mongo")
    return str(found["version"])


def on_own_stack(measure: Callable[[OwnStack], None], env: Mapping[str, str] = _NOTHING) -> int:
    """Brings a stack up, with more environment where given, measures, takes it down.

    Answers the exit code; where a process was lost it says which, and what that one last said.
    """
    with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as folder:
        stack = OwnStack(Path(folder))
        stack.env.update(env)
        try:
            up = stack.run("up", "--scenario", "bands", timeout=600, check=False)
            if up.code:
                print(up.err, file=sys.stderr)
                return up.code
            print(f"document store: {document_store(stack)}", flush=True)
            measure(stack)
        except KeyboardInterrupt:
            print("interrupted; what was started is taken down", file=sys.stderr)
            return INTERRUPTED
        except ProcessLost as lost:
            print(lost, file=sys.stderr)
            return LOST
        except psutil.NoSuchProcess as gone:
            print(f"a process of the stack has ended, pid {gone.pid}:", file=sys.stderr)
            print("\n".join(asyncio.run(last_events(stack))), file=sys.stderr)
            return LOST
        finally:
            stack.run("down", check=False)
    return 0


async def last_events(stack: OwnStack) -> list[str]:
    """What the stack says of its pods and engines, a line each, the last words of the dead too."""
    try:
        async with StackClient(DaemonFiles(stack.state).socket) as client:
            events = (await client.events())["events"][-LAST_EVENTS:]
    except StackError as error:
        return [f"  {error.message}"]
    return [f"  {each['object']}: {each['reason']}: {each['message']}" for each in events]
