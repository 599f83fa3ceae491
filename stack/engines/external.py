"""An engine that runs elsewhere and was given by its address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

from host.install.progress import Progress
from stack.engines.engine import Engine
from stack.spec import ProcessSpec
from wire.accounts import login_variables

Probe = Callable[[], Awaitable[None]]


class External(Engine):
    """Answers like an engine of our own, but there is nothing to run."""

    external = True

    def __init__(
        self,
        name: str,
        address: str,
        probe: Probe,
        username: str = "",
        secret: str | None = None,
        *,
        store: str = "",
        usual_port: int = 0,
        found_by_name: bool = False,
    ) -> None:
        """`store`: how variables of its login begin; `found_by_name`: clients look its servers up,
        or the name in their certificates, so no link can stand before it."""
        self.name = name
        self.usual_port = usual_port
        self._store = store
        self._found_by_name = found_by_name
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

    def variables(self, account: str) -> Mapping[str, str]:
        """The given login, whatever the account."""
        return login_variables(self._store, self.username, self._secret) if self._store else {}

    def past_links(self) -> str:
        """A link leads to one server, and has another name."""
        if self._found_by_name or "," in self._address:
            return f"{self.name} was given by an address that a link cannot stand before"
        return ""


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
