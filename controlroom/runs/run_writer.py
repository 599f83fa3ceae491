"""What every run has in common: one writer of its state, a journal, a request to stop."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from controlroom.model.run import RunState, RunView
from controlroom.runs.folder import RunFolder
from controlroom.targets.abilities import Target


class RunWriter:
    """The only one that changes the state of a run, from its start to its end."""

    def __init__(self, folder: RunFolder, view: RunView) -> None:
        self.folder = folder
        self.view = view
        self._signals = 0

    def note(self, event: str, **facts: Any) -> None:
        """Adds a line to the journal."""
        self.folder.journal.note(event, **facts)

    def update(self, **changes: Any) -> None:
        """Changes what readers see."""
        before = self.view.state
        self.view = replace(self.view, **changes)
        if self.view.state != before:
            self.note("state", state=self.view.state)
        self.folder.write_view(self.view)

    def end(self, state: RunState, bound: str, result: dict[str, Any], **changes: Any) -> None:
        """The last change: what came out goes to disk before the state says that it is over."""
        ended = time.time()
        kept = {"run": self.folder.id, "state": state, "bound": bound, **result, "ended": ended}
        self.folder.write_result(kept)
        self.note("end", state=state, bound=bound)
        self.update(state=state, bound=bound, ended=ended, **changes)

    @asynccontextmanager
    async def target(self, context: str, namespace: str) -> AsyncIterator[Target]:
        """The cluster of that context, or the stack of the state folder that the run lies in."""
        if context:
            from controlroom.targets.choosing import cluster

            found: Target = cluster(context, namespace)
        else:
            from controlroom.targets.local import LocalTarget
            from host.paths import stack_socket
            from stack.client import StackClient

            found = LocalTarget(StackClient(stack_socket(self.folder.path.parent.parent)))
        try:
            yield found
        finally:
            await found.close()

    def interrupt(self) -> None:
        """A signal asks for the end; a second one does not wait."""
        self._signals += 1

    @property
    def stop_asked(self) -> bool:
        """Somebody wants the run to end."""
        return self._signals > 0 or self.folder.stop_asked

    @property
    def cut_asked(self) -> bool:
        """Somebody wants the run to end without waiting."""
        return self._signals > 1 or self.folder.cut_asked
