"""An engine that runs elsewhere and was given by its address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from stack.engines.engine import Progress
from stack.spec import ProcessSpec

Probe = Callable[[], Awaitable[None]]


class External:
    """Answers like an engine of our own, but there is nothing to run."""

    needs: tuple[str, ...] = ()
    version = ""

    def __init__(
        self, name: str, address: str, probe: Probe, username: str = "", secret: str | None = None
    ) -> None:
        self.name = name
        self.username = username
        self._address = address
        self._probe = probe
        self._secret = secret

    async def prepare(self, progress: Progress) -> None:
        """Only says where it is."""
        progress(f"{self.name}: taken from {self._address}")

    def spec(self) -> ProcessSpec | None:
        """None: it is not ours to run."""
        return None

    async def ready(self, pid: int) -> None:
        """Returns when it answers its own protocol; NotReady otherwise."""
        await self._probe()

    def address(self) -> str:
        """As it was given, without its secret."""
        return self._address

    def secret(self) -> str | None:
        """The password of the given URL."""
        return self._secret

    def login(self, account: str) -> tuple[str, str | None]:
        """Name and password for one of `wire.accounts`: the given ones, whatever the account."""
        return self.username, self._secret


def split_login(url: str) -> tuple[str, str, str | None]:
    """The URL without its login, the user's name and the password."""
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    login, at, place = authority.rpartition("@")
    if not at:
        return url, "", None
    user, colon, password = login.partition(":")
    bare = f"{scheme}{mark}{place}{slash}{path}"
    return bare, unquote(user), unquote(password) if colon else None
