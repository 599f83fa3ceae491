"""Runs the broker: one direct listener, and one for each link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from host.errors import StackError
from host.install.progress import Progress
from host.install.wheels import base_environment
from host.paths import engine_dir, private_dir, write_private
from host.ports import Ports
from stack.engines.engine import Engine, NotReady, require_owner
from stack.engines.external import External
from stack.engines.kafka.access import Grant, allow
from stack.engines.kafka.archive import ensure_archive
from stack.engines.kafka.jars import (
    VERSION,
    archive_file,
    broker_command,
    ensure_jars,
    format_storage,
)
from stack.engines.kafka.java import Java, found_java
from stack.engines.kafka.probe import has_brokers, new_cluster_id
from stack.engines.kafka.properties import (
    CLIENT_FILE,
    READER,
    USER,
    Listener,
    client_properties,
    own_brokers,
    properties,
)
from stack.engines.secrets import kept_secret
from stack.spec import ProcessSpec
from wire.kafka import AddressError, Brokers, brokers_of

USUAL_PORT = 9092
GRANTS = (Grant(f"User:{READER}", "topic", "*", ("Describe",)),)
"""What is allowed to those who are no administrator, as to their like with Strimzi."""
_FORM = (
    "Give it as host:port, or kafka://user:password@host:port; several with commas between them."
)


class Kafka(Engine):
    """One node, broker and controller in one; state survives restarts and kills."""

    name = "kafka"
    usual_port = USUAL_PORT
    version = VERSION
    username = USER

    def __init__(self, state: Path, ports: Ports, flushes: bool = False) -> None:
        """`flushes`: every batch is on the disk before it is acknowledged."""
        self._flushes = flushes
        self._folder = engine_dir(state, self.name)
        self._ports = ports
        self._port = 0
        self._secret = ""
        self._reader = ""
        self._granted_to = 0
        self._links: tuple[Listener, ...] = ()
        self._listeners: dict[str, int] = {}
        self._java: Java | None = None

    def configure(self, links: Sequence[Listener]) -> None:
        """The listeners beside the direct one; takes effect at the next `prepare`."""
        self._links = tuple(links)

    def linked_by(self, links: Mapping[str, str]) -> None:
        """Each link leads to a listener of its own, which sends clients back to that link."""
        self._listeners = {name: self._ports.choose(f"{name}.kafka.door") for name in links}
        self.configure(
            [Listener(f"link-{name}", self._listeners[name], at) for name, at in links.items()]
        )

    def upstream(self, deployment: str) -> str:
        """The listener of that link."""
        return f"127.0.0.1:{self._listeners[deployment]}"

    async def install(self, progress: Progress) -> Java:
        """Fetches the jars, finds a Java and makes the class archive."""
        java = await found_java(progress)
        await ensure_jars(progress)
        await ensure_archive(java, progress)
        return java

    async def prepare(self, progress: Progress) -> None:
        """Installs, writes the configuration, and prepares the storage at the first time."""
        self._java = await self.install(progress)
        data = private_dir(self._folder / "data")
        self._port = self._ports.choose(self.name)
        controller = self._ports.choose("kafka.controller")
        self._secret = kept_secret(self._folder / "secret")
        self._reader = kept_secret(self._folder / "accounts" / READER)
        accounts = {READER: self._reader}
        text = properties(
            data, self._port, controller, self._links, self._secret, self._flushes, accounts
        )
        config = write_private(self._folder / "server.properties", text)
        write_private(self._folder / CLIENT_FILE, client_properties(self.brokers()))
        if not (data / "meta.properties").exists():
            progress("kafka: preparing its storage")
            await format_storage(self._java, config, new_cluster_id())

    def spec(self) -> ProcessSpec | None:
        """With the class archive where there is one."""
        if self._java is None:
            return None
        archive = archive_file(self._java)
        options = (f"-XX:SharedArchiveFile={archive}",) if archive.exists() else ()
        return ProcessSpec(
            name=self.name,
            argv=broker_command(self._java, self._folder / "server.properties", *options),
            cwd=self._folder,
            env=base_environment(),
            stop_timeout=20.0,
        )

    async def ready(self, pid: int) -> None:
        """Our child's cluster has a living broker, which knows what its accounts may do."""
        require_owner(self.name, pid, self._port)
        await has_brokers(self.brokers())
        if self._granted_to != pid:
            await self._grant()
            self._granted_to = pid

    async def _grant(self) -> None:
        from aiokafka.errors import KafkaError

        try:
            await allow(self.brokers(), GRANTS)
        except (KafkaError, OSError) as error:
            raise NotReady(f"kafka: its accounts are not made: {error!r}") from error

    def address(self) -> str:
        """host:port of the direct listener."""
        return f"127.0.0.1:{self._port}"

    def secret(self) -> str | None:
        """The password that every listener asks for."""
        return self._secret or None

    def url(self) -> str:
        """The direct listener with its login, as `wire.kafka` reads it."""
        return self.brokers().url()

    def variables(self, account: str) -> Mapping[str, str]:
        """The reader has a login of its own, all others have one together."""
        if account == READER:
            return own_brokers(self._port, self._reader, READER).environment()
        return self.brokers().environment()

    def brokers(self) -> Brokers:
        """The direct listener with its login."""
        return own_brokers(self._port, self._secret)


class ExternalKafka(External):
    """Brokers that run elsewhere, with the login that was given."""

    def __init__(self, brokers: Brokers) -> None:
        probe = partial(has_brokers, brokers)
        secret = brokers.password if brokers.mechanism else None
        super().__init__(
            "kafka",
            brokers.bootstrap,
            probe,
            brokers.username,
            secret,
            usual_port=USUAL_PORT,
        )
        self._brokers = brokers

    def url(self) -> str:
        """As they were given."""
        return self._brokers.url()

    def variables(self, account: str) -> Mapping[str, str]:
        """One login for all accounts."""
        return self._brokers.environment()

    def past_links(self) -> str:
        """They advertise addresses of their own."""
        return "brokers given by address send clients to their own address, past any link"

    def brokers(self) -> Brokers:
        """As they were given."""
        return self._brokers


def external_kafka(address: str) -> ExternalKafka:
    """Brokers given by CONTROLROOM_KAFKA, as `wire.kafka` reads an address."""
    try:
        brokers = brokers_of(address)
    except AddressError as error:
        raise StackError(f"CONTROLROOM_KAFKA: {error}.", _FORM, "refused") from error
    for server in brokers.bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdigit() or "/" in host:
            raise StackError(
                f"CONTROLROOM_KAFKA names no broker: {server.strip()!r}.",
                _FORM,
                "refused",
            )
    return ExternalKafka(brokers)
