"""Runs the broker: one direct listener, and one for each link."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stack.engines.engine import Progress, require_owner
from stack.engines.external import External
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
from stack.engines.kafka.properties import Listener, properties
from stack.errors import StackError
from stack.install.wheels import base_environment
from stack.paths import engine_dir, private_dir, write_private
from stack.ports import Ports
from stack.spec import ProcessSpec


class Kafka:
    """One node, broker and controller in one; state survives restarts and kills."""

    name = "kafka"
    needs: tuple[str, ...] = ()
    version = VERSION
    username = ""

    def __init__(self, state: Path, ports: Ports, flushes: bool = False) -> None:
        """`flushes`: every batch is on the disk before it is acknowledged."""
        self._flushes = flushes
        self._folder = engine_dir(state, self.name)
        self._ports = ports
        self._port = 0
        self._links: tuple[Listener, ...] = ()
        self._java: Java | None = None

    def configure(self, links: Sequence[Listener]) -> None:
        """The listeners beside the direct one; takes effect at the next `prepare`."""
        self._links = tuple(links)

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
        text = properties(data, self._port, controller, self._links, self._flushes)
        config = write_private(self._folder / "server.properties", text)
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
        """Our child's cluster has a living broker."""
        require_owner(self.name, pid, self._port)
        await has_brokers(self.address())

    def address(self) -> str:
        """host:port of the direct listener."""
        return f"127.0.0.1:{self._port}"

    def secret(self) -> str | None:
        """None: the broker asks for no login."""
        return None


def external_kafka(bootstrap: str) -> External:
    """Brokers given by CONTROLROOM_KAFKA as host:port, several with commas."""
    for server in bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdigit() or "/" in host:
            raise StackError(
                f"CONTROLROOM_KAFKA names no broker: {server.strip()!r}.",
                "Give it as host:port, several with commas between them.",
                "refused",
            )
    return External("kafka", bootstrap, lambda: has_brokers(bootstrap))
