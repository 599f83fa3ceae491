"""The layers of the engines: programs of this machine and of the stack's cache."""

from __future__ import annotations

from pathlib import Path

from host.errors import StackError
from host.install.commands import needed_program
from host.install.progress import Progress
from images.root import Root
from stack.engines.kafka.jars import ensure_jars, kafka_folder
from stack.engines.kafka.java import found_java
from stack.engines.mongo.programs import built_rust
from stack.engines.prometheus import prometheus_program

JAVA = "opt/java"
KAFKA = "opt/kafka/libs"
_OF_DEVELOPERS = ("src.zip", "man", "docs", "legal", "include", "jmods", "demo", "*.debuginfo")
_OF_SCREENS = ("libawt*", "libjawt*", "libfont*", "liblcms*", "libjavajpeg*", "libmlib*", "libatk*")
_OF_PLAYERS = ("libjsound*", "libsplash*", "psfont*")


async def kafka(root: Root, progress: Progress) -> None:
    """A Java runtime and the broker's jars."""
    await ensure_jars(progress)
    java = await found_java(progress)
    home = java.program.resolve().parent.parent
    root.tree(home, JAVA, (*_OF_DEVELOPERS, *_OF_SCREENS, *_OF_PLAYERS))
    root.tree(kafka_folder() / "libs", KAFKA)
    root.libraries(list(root.objects()))


async def redis(root: Root, progress: Progress) -> None:
    """redis-server with a shell, which hands it the password on standard input."""
    root.program(needed_program("redis-server"), "usr/bin/redis-server")
    root.program(needed_program("dash"), "bin/sh")


async def documents(root: Root, progress: Progress) -> None:
    """SecantusDB's Rust server; the Python layers below make its user."""
    store = await built_rust()
    if store is None:
        raise StackError(
            "The Rust document store is not built.", "Run `make engines` first.", "not_found"
        )
    root.program(Path(store.command[0]), "usr/bin/secantusd-rs")


async def prometheus(root: Root, progress: Progress) -> None:
    """Prometheus, without its console templates."""
    root.program(await prometheus_program(progress), "usr/bin/prometheus")


async def haproxy(root: Root, progress: Progress) -> None:
    """haproxy; its configuration is a ConfigMap."""
    root.program(needed_program("haproxy"), "usr/bin/haproxy")


async def ssh(root: Root, progress: Progress) -> None:
    """An SSH server that serves one user, and the shell that runs the room."""
    root.program(needed_program("sshd", package="openssh-server"), "usr/sbin/sshd")
    root.program(needed_program("dash"), "bin/sh")
