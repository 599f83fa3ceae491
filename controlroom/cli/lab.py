"""`controlroom lab`: real Kubernetes clusters on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from controlroom.cli.checks import show
from controlroom.cli.exits import CommandError, Exit
from controlroom.cli.table import sign, table
from controlroom.cli.verb import emit, emit_json, talk
from controlroom.settings import Settings
from lab import programs
from lab.client import Lab
from lab.doctor import examine
from lab.plan import LETTERS, NETWORK
from stack.doctor import first_fault
from stack.paths import images_dir, lab_dir

DESCRIPTION = """\
One or two real Kubernetes clusters on this machine, without Docker: contexts lab-a and lab-b
in a kubeconfig of their own. Needs root."""
EXAMPLES = (
    "controlroom lab up && export KUBECONFIG=$(controlroom lab kubeconfig)",
    "controlroom lab link cut",
    "controlroom lab restart kubelet --cluster a",
)
USAGE = (
    "controlroom lab up | down | status | kubeconfig | doctor | build |\n"
    "       link cut|mend|status | load-image [FILE ...] | restart PROGRAM"
)
ROOT = (
    "Whoever reads that file is root on this machine: a pod may mount all of it. It is readable by "
    "you alone; do not pass it on."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what to do."""
    parser.usage = USAGE
    add = parser.add_argument
    add("action", choices=tuple(DOES), help=argparse.SUPPRESS)
    add("what", nargs="*", help=argparse.SUPPRESS)
    counts = range(1, len(LETTERS) + 1)
    add("--clusters", type=int, choices=counts, default=len(LETTERS), help="of up: how many")
    add("--network", default=NETWORK, metavar="CIDR", help=f"of up: a /14 (default {NETWORK})")
    add("--foreground", action="store_true", help="of up: stay, and end the lab at the end")
    add("--cluster", choices=LETTERS, help="of load-image and restart: which one")
    add("--kill", action="store_true", help="of restart: by SIGKILL")


async def main(args: argparse.Namespace) -> Exit:
    """Does it."""
    if args.what and args.action not in TAKING:
        raise CommandError(f"`controlroom lab {args.action}` takes no {args.what[0]!r}.", USAGE)
    lab = Lab(lab_dir(args.settings.state_dir))
    return await DOES[args.action](lab, args)


async def _up(lab: Lab, args: argparse.Namespace) -> Exit:
    running = lab.record()
    fault = None if running else first_fault(await examine(lab.folder, args.network, args.clusters))
    if fault is not None:
        raise fault
    owner = os.getpid() if args.foreground else None
    await lab.up(talk, args.clusters, args.network, owner)
    if args.json:
        emit_json(await lab.status())
    elif running is not None:
        talk("The lab was up already.")
    talk(f"export KUBECONFIG={lab.kubeconfig()}")
    talk(ROOT)
    if args.foreground:
        talk("The lab ends with this command (ctrl+c).")
        await _until_told(lab)
        await lab.down()
    return Exit.OK


async def _build(lab: Lab, args: argparse.Namespace) -> Exit:
    folder = str(await programs.ready(talk))
    emit_json(folder) if args.json else emit(folder)
    return Exit.OK


async def _until_told(lab: Lab) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    while not over.is_set() and lab.record() is not None:
        try:
            await asyncio.wait_for(over.wait(), 1.0)
        except TimeoutError:
            continue


async def _down(lab: Lab, args: argparse.Namespace) -> Exit:
    was = await lab.down()
    talk("The lab is gone." if was else f"No lab is up in {lab.folder}.")
    if args.json:
        emit_json({"was_up": was})
    return Exit.OK


async def _status(lab: Lab, args: argparse.Namespace) -> Exit:
    status = await lab.status()
    if args.json:
        emit_json(status)
    else:
        emit(_shown(status, args.settings))
    return Exit.OK


def _shown(status: Mapping[str, Any], settings: Settings) -> str:
    joined = {True: "joined", False: "CUT", None: ""}[status["joined"]]
    head = " · ".join(word for word in (f"lab: {status['phase']}", joined, status["error"]) if word)
    rows = [
        (
            cluster["context"],
            name,
            sign(program["ready"], settings),
            str(program["restarts"]),
            program["message"],
        )
        for cluster in status["clusters"]
        for name, program in cluster["programs"].items()
    ]
    return f"{head}\n\n" + table(("context", "program", "ready", "restarts", ""), rows, left=3)


async def _kubeconfig(lab: Lab, args: argparse.Namespace) -> Exit:
    path = str(lab.kubeconfig())
    emit_json(path) if args.json else emit(path)
    return Exit.OK


async def _doctor(lab: Lab, args: argparse.Namespace) -> Exit:
    return show({"": await examine(lab.folder, args.network)}, args)


async def _link(lab: Lab, args: argparse.Namespace) -> Exit:
    if args.what == ["cut"]:
        await lab.cut()
    elif args.what == ["mend"]:
        await lab.mend()
    elif args.what != ["status"]:
        raise CommandError("`controlroom lab link` wants cut, mend or status.", USAGE)
    joined = await lab.is_joined()
    emit_json({"joined": joined}) if args.json else emit("joined" if joined else "cut")
    return Exit.OK


async def _load_image(lab: Lab, args: argparse.Namespace) -> Exit:
    record = lab.record()
    every = [cluster.letter for cluster in record.clusters] if record is not None else LETTERS
    letters = [args.cluster] if args.cluster else every
    files = [Path(name) for name in args.what] or _made_images()
    for file in files:
        await lab.load_image(file, letters)
        talk(f"{file.name} is in {', '.join(f'lab-{letter}' for letter in letters)}.")
    if args.json:
        emit_json({"files": [str(file) for file in files], "clusters": list(letters)})
    return Exit.OK


def _made_images() -> list[Path]:
    """What `make images` has put into the cache. Raises CommandError where there is nothing."""
    folder = images_dir()
    found = sorted(folder.glob("*.tar"))
    if not found:
        raise CommandError(f"There is no image in {folder}.", "Run `make images`, or name a FILE.")
    return found


async def _restart(lab: Lab, args: argparse.Namespace) -> Exit:
    if len(args.what) != 1 or not args.cluster:
        raise CommandError("`controlroom lab restart` wants a program and --cluster.", USAGE)
    number = signal.SIGKILL if args.kill else signal.SIGTERM
    (program,) = args.what
    took = await lab.restart(program, args.cluster, number)
    if args.json:
        emit_json({"seconds": round(took, 2)})
    talk(f"{program} of lab-{args.cluster} serves again after {took:.1f} s.")
    return Exit.OK


DOES: Mapping[str, Callable[[Lab, argparse.Namespace], Awaitable[Exit]]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "kubeconfig": _kubeconfig,
    "doctor": _doctor,
    "build": _build,
    "link": _link,
    "load-image": _load_image,
    "restart": _restart,
}
TAKING = ("link", "load-image", "restart")
"""Those that are told what to act on."""
