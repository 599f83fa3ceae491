"""What the supervisor knows of an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote, urlsplit

from stack.ports import owns
from stack.spec import ProcessSpec

Progress = Callable[[str], None]
"""Takes one line of what is being done now."""


class NotReady(Exception):
    """The engine does not answer yet; the text says why."""


class Silent(NotReady):
    """It takes questions and does not answer in time: it is dead, or has more to do than time."""


class Engine(Protocol):
    """One engine of the stack, run as a child or taken by its address."""

    @property
    def name(self) -> str:
        """A short word such as `kafka`."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of engines that must be ready before this one starts."""
        ...

    @property
    def version(self) -> str:
        """As the engine counts; empty when it is not known."""
        ...

    @property
    def username(self) -> str:
        """The user that goes with the secret; empty where there is none."""
        ...

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
        """host:port (kafka, haproxy) or a URL without a secret (the others)."""
        ...

    def secret(self) -> str | None:
        """The password, when it has one."""
        ...


def url_with_login(engine: Engine) -> str:
    """The address as any client of this user can use it, the secret included."""
    secret = engine.secret()
    scheme, mark, rest = engine.address().partition("://")
    if secret is None or not mark:
        return engine.address()
    return f"{scheme}://{quote(engine.username, safe='')}:{quote(secret, safe='')}@{rest}"


def host_and_port(engine: Engine) -> tuple[str, int]:
    """Where the first server of this address listens, for a link to it."""
    address = engine.address().split(",", 1)[0]
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    usual = {"redis": 6379, "mongodb": 27017, "http": 80, "https": 443, "tcp": 9092}
    return parts.hostname or "127.0.0.1", parts.port or usual.get(parts.scheme, 0)


def require_owner(name: str, pid: int, port: int) -> None:
    """Raises NotReady unless the child itself listens: another server may sit on the port."""
    if not owns(pid, port):
        raise NotReady(f"{name} (pid {pid}) does not listen on port {port} yet")
