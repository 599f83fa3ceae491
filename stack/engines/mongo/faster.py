"""Builds the faster document store beside a running stack, once, at the lowest priority.

It is used from the next start on, which moves the documents. Nobody waits for it, and a stack that
goes down ends it; what it has compiled by then the next one uses.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from host.paths import engine_cache
from stack.engines.engine import Beside
from stack.engines.mongo.programs import CHOICE_VARIABLE, built_rust, missing_for_rust
from stack.spec import ProcessSpec
from stack.supervisor.child import Child
from stack.supervisor.output import Output

if TYPE_CHECKING:
    from stack.engines.mongo.server import Mongo

ROOM = 4 << 30
"""Bytes of disk that a build has to find free; it takes about half of that."""


class FasterStore:
    """The build, if one is wanted. The note of the engine says how it stands."""

    def __init__(self, mongo: Mongo, beside: Beside) -> None:
        self._mongo = mongo
        self._project = beside.project
        self._output = Output(beside.logs / "faster-store.log")
        self._events = beside.events

    async def run(self) -> None:
        """Builds unless it is built, or cannot be; a kind of store that was asked for is kept."""
        mongo = self._mongo
        if mongo.trouble:
            self._tell("NotMoved", mongo.trouble)
        if not mongo.slow or os.environ.get(CHOICE_VARIABLE) or await built_rust() is not None:
            return
        reason = await missing_for_rust() or _no_room()
        if reason:
            self._tell("NotBuilt", f"the slower store is used: {reason}")
            return
        self._tell("Building", "a faster store is being built beside the stack")
        status = await self._built()
        if await built_rust() is not None:
            self._tell("Built", "a faster store is built: the next start moves the documents to it")
        else:
            last = self._output.last() or f"exit {status}"
            self._tell("NotBuilt", f"the faster store could not be built: {last}")

    async def _built(self) -> int:
        argv = (sys.executable, "-m", "stack.install", "--rust-store", "--aside")
        spec = ProcessSpec("faster-store", argv, self._project, dict(os.environ), stop_timeout=2.0)
        child = await Child.start(spec, self._output)
        try:
            return await child.wait()
        finally:
            if child.alive:
                await child.kill()

    def _tell(self, reason: str, text: str) -> None:
        self._mongo.note = text
        self._events.add("engine", "mongo", reason, text)


def _no_room() -> str:
    folder = engine_cache("secantus-rs", "")
    there = next(parent for parent in folder.parents if parent.exists())
    free = shutil.disk_usage(there).free
    if free >= ROOM:
        return ""
    return f"a faster one takes {ROOM >> 30} GiB to build, and {there} has {free >> 30} GiB free."
