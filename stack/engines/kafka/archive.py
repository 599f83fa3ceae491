"""Makes the class archive: one short run of a broker of its own that writes down its classes."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from pathlib import Path

from host.install.progress import Progress
from host.install.wheels import base_environment
from host.paths import write_private
from host.ports import Ports, owns
from stack.engines.engine import NotReady
from stack.engines.kafka.jars import archive_file, broker_command, format_storage
from stack.engines.kafka.java import Java
from stack.engines.kafka.probe import has_brokers, new_cluster_id
from stack.engines.kafka.properties import own_brokers, properties

PATIENCE = 60.0


async def ensure_archive(java: Java, progress: Progress) -> None:
    """Makes it when it is missing. Without one the broker runs too, it only starts later."""
    file = archive_file(java)
    failed = file.with_suffix(".none")
    if file.exists() or failed.exists():
        return
    progress("kafka: writing down its classes, so that it starts faster")
    with tempfile.TemporaryDirectory(prefix="controlroom-kafka-") as name:
        made = await _dump(java, Path(name))
        if made is None:
            write_private(failed, "This Java made no class archive.\n")
        else:
            # A copy: the temporary folder may be on another disk, where a rename cannot reach.
            write_private(file, await asyncio.to_thread(made.read_bytes))


async def _dump(java: Java, folder: Path) -> Path | None:
    ports = Ports(folder)
    port, controller = ports.choose("kafka"), ports.choose("controller")
    config = folder / "server.properties"
    secret = secrets.token_urlsafe(24)
    write_private(config, properties(folder / "data", port, controller, (), secret))
    await format_storage(java, config, new_cluster_id())
    archive = folder / "classes.jsa"
    argv = broker_command(java, config, f"-XX:ArchiveClassesAtExit={archive}", "-Xlog:cds=off")
    child = await asyncio.create_subprocess_exec(
        "nice",
        *argv,
        cwd=folder,
        env=base_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        process_group=0,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            await _serving(child, port, secret)
            child.terminate()
            await child.wait()
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return archive if archive.exists() else None


async def _serving(child: asyncio.subprocess.Process, port: int, secret: str) -> None:
    while child.returncode is None:
        if owns(child.pid, port):
            try:
                await has_brokers(own_brokers(port, secret))
                return
            except NotReady:
                pass
        await asyncio.sleep(0.1)
