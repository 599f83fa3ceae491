"""The daemon that owns a stack: `python -m stack.daemon --scenario NAME`.

One for each state folder. Its children die with it; SIGTERM ends everything in order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from host.errors import StackError
from host.paths import state_dir
from host.project import PROJECT
from stack.api import application
from stack.client import KEPT
from stack.config import MANIFESTS, StackConfig
from stack.daemon_files import DaemonFiles
from stack.local_stack import LocalStack
from wire.serving import Server

log = logging.getLogger("stackd")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until SIGTERM or `down`. Exit status 1 when it could not start."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    config = configuration(arguments)
    files = DaemonFiles(config.state)
    try:
        files.lock()
    except StackError as error:
        log.error("%s %s", error.message, error.fix)
        return 1
    try:
        asyncio.run(_serve(config, files))
    except StackError as error:
        log.error("%s %s", error.message, error.fix)
        with contextlib.suppress(StackError):
            files.keep_error(error)
        return 1
    finally:
        files.clear()
    return 0


def configuration(arguments: Sequence[str] | None) -> StackConfig:
    """The configuration from flags; the state folder comes from the environment."""
    parser = argparse.ArgumentParser(prog="python -m stack.daemon", description=__doc__)
    parser.add_argument("--scenario", default="bands", help="name or path of a scenario")
    parser.add_argument("--manifests", type=Path, default=MANIFESTS, help="folder of manifests")
    parser.add_argument("--project", type=Path, default=PROJECT, help="folder to run services in")
    given = parser.parse_args(arguments)
    return StackConfig(
        state=state_dir(),
        scenario=given.scenario,
        manifests=given.manifests.absolute(),
        project=given.project.absolute(),
    )


async def _serve(config: StackConfig, files: DaemonFiles) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stack = LocalStack(config)
    listener = _listen(files.socket)
    app = application(stack, over.set)
    server = Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            lifespan="off",
            log_level="warning",
            access_log=False,
            date_header=False,
            # the client lets go first: a question on a connection that ends just then finds nobody
            timeout_keep_alive=round(KEPT * 4),
        )
    )
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    stack.start()
    log.info("the stack starts, scenario %s, pid %d", config.scenario, os.getpid())
    await over.wait()
    log.info("the stack ends")
    await stack.stop()
    server.end()
    await serving
    log.info("the stack has ended")


def _listen(path: Path) -> socket.socket:
    """The socket, for this user only from its first moment on."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        raise StackError(
            f"The socket {path} cannot be made: {error.strerror}.", "Look at that path."
        ) from error
    finally:
        os.umask(before)
    listener.listen(128)
    return listener


if __name__ == "__main__":
    sys.exit(main())
