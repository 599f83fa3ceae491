"""The first run of a document store in a network of its own, which nobody else can reach."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import struct
import sys
from dataclasses import asdict

from host.errors import StackError
from stack.engines.mongo.users import USER, ensure_user
from stack.spec import ProcessSpec

# linux/if.h and linux/sockios.h
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_INSIDE = "import sys; from stack.engines.mongo.apart import main; sys.exit(main())"
_WAYS = (("-r", "-n"), ("-n",))
"""Arguments of unshare: as a plain user where the kernel allows that, as root otherwise."""


async def ensure_user_apart(spec: ProcessSpec, port: int, secret: str, user: str = USER) -> None:
    """As `users.ensure_user`; where the kernel gives no namespace, on loopback as it is.

    Raises StackError.
    """
    way = await namespaces()
    if not way:
        await ensure_user(spec, port, secret, user)
        return
    words = [*way, sys.executable, "-c", _INSIDE]
    child = await asyncio.create_subprocess_exec(
        "unshare",
        "--kill-child",
        *words,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    # the secret goes by the pipe: it is in no process list
    order = json.dumps(
        {"spec": _plain(spec), "port": port, "secret": secret, "user": user}
    ).encode()
    said, _ = await child.communicate(order)
    if child.returncode != 0:
        told = json.loads(said or b"{}")
        raise StackError(
            told.get("message", "The document store made no user."),
            told.get("fix", "Look at its log with controlroom logs."),
        )


def main() -> int:
    """Inside: runs the order that comes by standard input; a failure is written as JSON."""
    order = json.load(sys.stdin)
    _raise_loopback()
    spec = ProcessSpec(**order["spec"])
    try:
        asyncio.run(ensure_user(spec, order["port"], order["secret"], order["user"]))
    except StackError as error:
        print(json.dumps({"message": error.message, "fix": error.fix}))
        return 1
    return 0


def _plain(spec: ProcessSpec) -> dict[str, object]:
    given = asdict(spec) | {"cwd": str(spec.cwd), "env": dict(spec.env)}
    # the run takes no input
    return {name: value for name, value in given.items() if name != "stdin"}


async def namespaces() -> tuple[str, ...]:
    """Arguments of unshare that work here; none where the kernel gives no network of its own."""
    for way in _WAYS:
        try:
            tried = await asyncio.create_subprocess_exec(
                *("unshare", *way, "true"), stderr=asyncio.subprocess.DEVNULL
            )
        except FileNotFoundError:
            break
        if await tried.wait() == 0:
            return way
    return ()


def _raise_loopback() -> None:
    """A new network has its loopback down."""
    with socket.socket() as any_socket:
        request = struct.pack("16sh", b"lo", _IFF_UP) + bytes(14)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
