"""`controlroom serve`: the room in a browser."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import socket
import sys

from controlroom.cli.launch import bring_up_where_needed
from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, talk
from controlroom.settings import Settings, as_variable
from controlroom.targets.choosing import title_of
from controlroom.web import guard

DESCRIPTION = """\
Open rooms for browsers: one for each that shows the token of the printed address.
Listens on this machine only, where --host names no other address."""
EXAMPLES = (
    "controlroom serve",
    "controlroom serve --read-only --most 10",
    "controlroom serve --context lab-a --port 0 --json",
)
PORT = 8642
MOST = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares where it listens and how many it lets in."""
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="(127.0.0.1)")
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"({PORT}); 0: any")
    parser.add_argument(
        "--name", action="append", default=[], metavar="HOST", help="a name that it goes by too"
    )
    parser.add_argument(
        "--most", type=int, default=MOST, metavar="N", help=f"visitors at a time ({MOST})"
    )
    parser.add_argument(
        "--read-only", "--readonly", action="store_true", default=None, help="visitors only look"
    )


def main(args: argparse.Namespace) -> Exit:
    """Brings the stack up where it is not, and serves until it is stopped."""
    for flag, value, low, high in (("port", args.port, 0, 65_535), ("most", args.most, 1, 100)):
        if not low <= value <= high:
            fix = f"Use a whole number, {low} to {high}."
            raise CommandError(f"--{flag} {value} is not possible.", fix)
    bound = _bound(args.host, args.port)
    settings: Settings = args.settings
    bring_up_where_needed(settings, sample=False)
    return asyncio.run(_serve(args, settings, bound))


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        fix = "Free it, or use another: --port 0 takes any."
        why = error.strerror or error
        raise CommandError(f"cannot listen on {host}:{port}: {why}", fix) from error


async def _serve(args: argparse.Namespace, settings: Settings, bound: socket.socket) -> Exit:
    from aiohttp import web

    from controlroom.web.server import Door, Server

    token = secrets.token_urlsafe(32)
    local = guard.is_loopback(args.host)
    names = {name.lower() for name in [*args.name, args.host, socket.gethostname()]}
    door = Door(
        command=(sys.executable, "-m", "controlroom", "launch", "--no-sample-load"),
        token=token,
        state_dir=settings.state_dir,
        context=title_of(settings),
        most=args.most,
        names=names,
        read_only=settings.read_only,
        compress=not local,
        environment=_environment(settings),
    )
    runner = web.AppRunner(Server(door).application(), access_log=None, shutdown_timeout=10)
    await runner.setup()
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    try:
        await web.SockSite(runner, bound).start()
        _say(args, bound, token, local)
        await ending.wait()
    finally:
        await runner.cleanup()
    return Exit.OK


def _environment(settings: Settings) -> dict[str, str]:
    """Of the rooms: the settings of this command line, which has none of the token."""
    given = {
        f"CONTROLROOM_{name.upper()}": as_variable(getattr(settings, name))
        for name, origin in settings.origins.items()
        if origin.startswith("--")
    }
    if not settings.contexts:
        # the stack that is up has it by now; a room follows that
        given.pop("CONTROLROOM_SCENARIO", None)
    return {**os.environ, **given}


def _say(args: argparse.Namespace, bound: socket.socket, token: str, local: bool) -> None:
    address, port = bound.getsockname()[:2]
    if address in ("0.0.0.0", "::"):
        address = socket.gethostname()
    shown = f"[{address}]" if ":" in address else address
    url = f"http://{shown}:{port}/#{token}"
    if args.json:
        emit_json({"url": url})
    else:
        emit(url)
    talk("Whoever has this address may open a room. ctrl+c ends all of them.")
    if not local:
        talk("It is plain text on the network: put TLS before it, or use ssh -L instead.")
