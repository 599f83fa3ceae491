"""What the stack knows of an engine that is run as its child, or was given by its address."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from host.install.progress import Progress
from host.ports import owns
from stack.spec import ProcessSpec
from stack.supervisor.events import Events


class NotReady(Exception):
    """The engine does not answer yet; the text says why."""


class Silent(NotReady):
    """It takes questions and does not answer in time: it is dead, or has more to do than time."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What an engine has for work beside a stack that is up."""

    project: Path
    """The folder that modules of the project are run in."""
    logs: Path
    """The folder for what a program says."""
    events: Events


class Engine(ABC):
    """One engine. What is not abstract fits an engine without a login that links can lead to."""

    name: str
    """A short word such as `kafka`; also of its folder in the state folder, and of its log."""
    needs: tuple[str, ...] = ()
    """Names of engines that must be ready before this one starts."""
    version: str = ""
    """As the engine counts; empty when it is not known."""
    username: str = ""
    """The user that goes with the secret; empty where there is none."""
    usual_port: int = 0
    """The port of an address that names none."""
    external: bool = False
    """Whether it runs elsewhere."""
    note: str = ""
    """What there is to say of it while it serves."""

    @abstractmethod
    async def prepare(self, progress: Progress) -> None:
        """Installs what is missing and writes the private configuration. Raises StackError."""

    @abstractmethod
    def spec(self) -> ProcessSpec | None:
        """How to run it, after `prepare`; None when it is external."""

    @abstractmethod
    async def ready(self, pid: int) -> None:
        """Returns when the engine serves and the child `pid` owns its listener.

        Raises NotReady with the reason; ask again later. `pid` is ignored for an external one.
        """

    @abstractmethod
    def address(self) -> str:
        """host:port (kafka, haproxy) or a URL without a secret (the others)."""

    def secret(self) -> str | None:
        """The password, when it has one."""
        return None

    def url(self) -> str:
        """The address as any client of this user can use it, the secret included."""
        return url_with_login(self)

    def variables(self, account: str) -> Mapping[str, str]:
        """What the Secret of one of `wire.accounts` gives a service as its login here."""
        return {}

    def past_links(self) -> str:
        """Why clients would go past a link to it; empty where a link can stand before it."""
        return ""

    def linked_by(self, links: Mapping[str, str]) -> None:  # noqa: B027
        """Told once, before `prepare`: deployment -> `host:port` of the link that it comes by."""

    def upstream(self, deployment: str) -> str:
        """`host:port` that the link of this deployment leads to."""
        host, port = host_and_port(self)
        return f"{host}:{port}"

    async def once_up(self, beside: Beside) -> None:  # noqa: B027
        """Work for when the whole stack is up; cancelled when it goes down."""


def url_with_login(engine: Engine) -> str:
    """The address with user and secret, as URLs have them."""
    secret = engine.secret()
    scheme, mark, rest = engine.address().partition("://")
    if secret is None or not mark:
        return engine.address()
    return f"{scheme}://{quote(engine.username, safe='')}:{quote(secret, safe='')}@{rest}"


def host_and_port(engine: Engine) -> tuple[str, int]:
    """Where the first server of this address listens, for a link to it."""
    address = engine.address().split(",", 1)[0]
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    return parts.hostname or "127.0.0.1", parts.port or engine.usual_port


def require_owner(name: str, pid: int, port: int) -> None:
    """Raises NotReady unless the child itself listens: another server may sit on the port."""
    if not owns(pid, port):
        raise NotReady(f"{name} (pid {pid}) does not listen on port {port} yet")
