"""Redis: Debian's redis-server with a password and an append-only file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from host.doctor.check import Check
from host.errors import StackError
from host.install.commands import needed_program, output_of
from host.install.progress import Progress
from host.install.wheels import base_environment
from host.paths import engine_dir, private_dir
from host.ports import Ports
from stack.engines.engine import Engine, NotReady, Silent, require_owner
from stack.engines.external import External, split_login
from stack.engines.kind import EngineKind, EnginePlace, program_check
from stack.engines.secrets import account_secrets, kept_secret
from stack.engines.settings import flushes
from stack.spec import ProcessSpec
from wire.accounts import ACCOUNTS, login_variables, redis_line

PROGRAM = "redis-server"
INSTEAD = ", or give a server by CONTROLROOM_REDIS_URL"
STORE = "REDIS"
"""How variables of its logins begin."""
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {secret}
dir "{data}"
daemonize no
appendonly yes
appendfsync {flush}
save ""
maxmemory-policy noeviction
"""


class Redis(Engine):
    """One server on loopback; keeps what it acknowledged when it is killed."""

    name = "redis"

    def __init__(self, state: Path, ports: Ports, flushes: bool = False) -> None:
        """`flushes`: every write is on the disk before it is answered, not within a second."""
        self._flush = "always" if flushes else "everysec"
        self.version = ""
        self._folder = engine_dir(state, self.name)
        self._ports = ports
        self._port = 0
        self._program = Path()
        self._secret: str | None = None
        self._accounts: dict[str, str] = {}

    async def prepare(self, progress: Progress) -> None:
        """Finds the server and chooses port and password."""
        program = self._program = needed_program(PROGRAM, INSTEAD)
        self.version = _version(await output_of(program, "--version") or "")
        private_dir(self._folder / "data")
        self._secret = kept_secret(self._folder / "secret")
        self._accounts = account_secrets(self._folder)
        self._port = self._ports.choose(self.name)

    def spec(self) -> ProcessSpec | None:
        """The configuration goes by standard input: the password is in no process list."""
        data = str(self._folder / "data").replace("\\", "\\\\").replace('"', '\\"')
        config = CONFIG.format(port=self._port, secret=self._secret, data=data, flush=self._flush)
        lines = [redis_line(each, self._accounts[each.name]) for each in ACCOUNTS]
        config += "\n".join(lines) + "\n"
        return ProcessSpec(
            name=self.name,
            argv=(str(self._program), "-"),
            cwd=self._folder,
            env=base_environment(),
            stdin=config.encode(),
        )

    async def ready(self, pid: int) -> None:
        """PING answered by our child."""
        require_owner(self.name, pid, self._port)
        await ping(self.address(), None, self._secret)

    def address(self) -> str:
        """The URL of database 0."""
        return f"redis://127.0.0.1:{self._port}/0"

    def secret(self) -> str | None:
        """The password of the default user."""
        return self._secret

    def variables(self, account: str) -> Mapping[str, str]:
        """Its login; nothing before `prepare`."""
        return login_variables(STORE, account, self._accounts.get(account))


class RedisKind(EngineKind):
    """Counters, and what is published to all subscribers."""

    name = "redis"
    rank = 20
    setting = "CONTROLROOM_REDIS_URL"
    endpoint = "redis"
    variable = "REDIS_URL"

    def here(self, place: EnginePlace) -> Engine:
        """Debian's server."""
        return Redis(place.state, place.ports, flushes(place.environ))

    def elsewhere(self, address: str) -> Engine:
        """A server given by its URL."""
        return external_redis(address)

    async def install(self, progress: Progress) -> None:
        """It comes with the system."""
        needed_program(PROGRAM, INSTEAD)

    async def examine(self, state: Path, environ: Mapping[str, str]) -> Sequence[Check]:
        """Whether the server is here."""
        return [program_check(self.name, PROGRAM, INSTEAD)]


def external_redis(url: str) -> External:
    """A server given by CONTROLROOM_REDIS_URL."""
    bare, user, secret = split_login(url)
    parts = urlsplit(bare)
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise StackError(
            f"CONTROLROOM_REDIS_URL is not the URL of a Redis server: {bare}",
            "Give it as redis://:password@host:6379/0.",
            "refused",
        )
    return External(
        "redis",
        bare,
        lambda: ping(bare, user or None, secret),
        user,
        secret,
        store=STORE,
        usual_port=6379,
        found_by_name=parts.scheme == "rediss",
    )


async def ping(url: str, username: str | None, secret: str | None) -> None:
    """PING; NotReady says why there was no answer."""
    from redis import RedisError
    from redis import TimeoutError as Late
    from redis.asyncio import Redis as Client

    client = Client.from_url(
        url, username=username, password=secret, socket_timeout=2, socket_connect_timeout=2
    )
    try:
        await client.ping()
    except Late as error:
        raise Silent(f"redis: {error}") from error
    except (RedisError, OSError) as error:
        raise NotReady(f"redis: {error}") from error
    finally:
        await client.aclose()


def _version(text: str) -> str:
    words = [word[2:] for word in text.split() if word.startswith("v=")]
    return words[0] if words else ""
