"""What the supervisor knows of an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from stack.spec import ProcessSpec

Progress = Callable[[str], None]
"""Takes one line of what is being done now; may be called from a thread."""


class NotReady(Exception):
    """The engine does not answer yet; the text says why."""


class Engine(Protocol):
    """One engine of the stack, run as a child or taken by its address."""

    name: str
    needs: tuple[str, ...]
    """Names of engines that must be ready before this one starts."""
    version: str

    async def prepare(self, progress: Progress) -> None:
        """Installs what is missing and writes the private configuration. Raises StackError."""
        ...

    def spec(self) -> ProcessSpec | None:
        """How to run it, after `prepare`; None when it is external."""
        ...

    async def ready(self, pid: int) -> None:
        """Returns when the engine serves and the child `pid` owns its listener.

        Raises NotReady with the reason; ask again later. `pid` is ignored for an external one.
        """
        ...

    def address(self) -> str:
        """host:port or URL without a secret."""
        ...

    def secret(self) -> str | None:
        """The password, when it has one."""
        ...
