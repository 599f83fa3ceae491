"""`controlroom lab`: real Kubernetes clusters on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlroom.commands.checks import show
from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, refuse_inside, talk
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, absolute, perform_verb, told, unsaid
from controlroom.commands.table import sign, table
from controlroom.settings import Settings
from host.install.commands import run
from host.paths import images_dir, lab_dir
from host.project import PROJECT, place, with_packages
from lab import programs
from lab.client import LabClient
from lab.doctor import examine
from lab.plan import LETTERS, NETWORK
from stack.doctor import first_fault
from stack.engines.mongo.programs import build_rust

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
    "       images | link cut|mend|status | load-image [FILE ...] | restart PROGRAM"
)
ROOT = (
    "Whoever reads that file is root on this machine: a pod may mount all of it. It is readable by "
    "you alone; do not pass it on."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what to do."""
    parser.usage = USAGE
    add = parser.add_argument
    add("action", choices=ACTIONS, help=argparse.SUPPRESS)
    add("what", nargs="*", help=argparse.SUPPRESS)
    counts = range(1, len(LETTERS) + 1)
    add("--clusters", type=int, choices=counts, default=len(LETTERS), help="of up: how many")
    add("--network", default=NETWORK, metavar="CIDR", help=f"of up: a /14 (default {NETWORK})")
    add("--foreground", action="store_true", help="of up: stay, and end the lab at the end")
    add("--cluster", choices=LETTERS, help="of load-image and restart: which one")
    add("--kill", action="store_true", help="of restart: by SIGKILL")


class _OfLab(Act):
    """What all acts on a lab share."""

    def place(self, here: Here) -> str:
        return "lab"


def _lab(settings: Settings) -> LabClient:
    return LabClient(lab_dir(settings.state_dir))


@dataclass
class LabUp(_OfLab):
    """Starts the clusters, or attaches to them; they end with `owner`, where one is named."""

    clusters: int
    network: str
    owner: int | None = unsaid(None)
    command = "lab_up"

    async def carry_out(self, here: Here) -> Answer:
        lab = _lab(here.settings)
        running = lab.record()
        fault = None
        if running is None:
            fault = first_fault(await examine(lab.folder, self.network, self.clusters))
        if fault is not None:
            raise fault
        await lab.up(talk, self.clusters, self.network, self.owner)
        was = "" if running is None else "The lab was up already.\n"
        said = f"{was}export KUBECONFIG={lab.kubeconfig()}\n{ROOT}"
        return Answer(said, data=await lab.status())


class LabDown(_OfLab):
    """Ends the clusters."""

    command = "lab_down"

    async def carry_out(self, here: Here) -> Answer:
        lab = _lab(here.settings)
        was = await lab.down()
        said = "The lab is gone." if was else f"No lab is up in {lab.folder}."
        return Answer(said, data={"was_up": was})


class LabBuild(_OfLab):
    """Builds the programs, into the cache."""

    command = "lab_build"

    async def carry_out(self, here: Here) -> Answer:
        folder = str(await programs.ready(talk))
        return Answer(data=folder, text=folder)


@dataclass
class LabImages(_OfLab):
    """Makes the images of the pipeline, into the cache."""

    names: Sequence[str]
    """All where none is named."""
    command = "lab_images"

    def facts(self) -> Mapping[str, Any]:
        return {"images": list(self.names) or "all"}

    async def carry_out(self, here: Here) -> Answer:
        if not place("images").is_dir():
            raise CommandError("A room in a cluster makes no images.", code=Exit.REFUSED)
        if not self.names or "documents" in self.names:
            await build_rust(talk)
        argv = (sys.executable, "-m", "images", *self.names)
        fix = "See what it said; `controlroom doctor` shows what is missing."
        await run("Making the images", argv, PROJECT, fix, with_packages(), talk)
        files = [str(file) for file in _made_images()]
        return Answer(data=files, text="\n".join(files))


class LabCut(_OfLab):
    """Cuts the link between the clusters."""

    command = "lab_cut"

    async def carry_out(self, here: Here) -> Answer:
        await _lab(here.settings).cut()
        return await _joined(here.settings)


class LabMend(_OfLab):
    """Joins them again."""

    command = "lab_mend"

    async def carry_out(self, here: Here) -> Answer:
        await _lab(here.settings).mend()
        return await _joined(here.settings)


@dataclass
class LabLoadImage(_OfLab):
    """Gives images to one cluster, or to all."""

    files: Sequence[str]
    """Those of `lab images` where none is named."""
    cluster: str | None
    command = "lab_load_image"

    def facts(self) -> Mapping[str, Any]:
        return {"files": [absolute(file) for file in self.files], "cluster": self.cluster or "all"}

    async def carry_out(self, here: Here) -> Answer:
        lab = _lab(here.settings)
        record = lab.record()
        every = [one.letter for one in record.clusters] if record is not None else LETTERS
        letters = [self.cluster] if self.cluster else every
        files = [Path(name) for name in self.files] or _made_images()
        for file in files:
            await lab.load_image(file, letters)
            talk(f"{file.name} is in {', '.join(f'lab-{letter}' for letter in letters)}.")
        return Answer(data={"files": [str(file) for file in files], "clusters": list(letters)})


@dataclass
class LabRestart(_OfLab):
    """Ends a program of a cluster; it is started again at once."""

    program: str
    cluster: str
    kill: bool = False
    command = "lab_restart"

    async def carry_out(self, here: Here) -> Answer:
        number = signal.SIGKILL if self.kill else signal.SIGTERM
        took = await _lab(here.settings).restart(self.program, self.cluster, number)
        return Answer(
            f"{self.program} of lab-{self.cluster} serves again after {took:.1f} s.",
            data={"seconds": round(took, 2)},
        )


async def main(args: argparse.Namespace) -> Exit:
    """Does it."""
    if args.what and args.action not in TAKING:
        raise CommandError(f"`controlroom lab {args.action}` takes no {args.what[0]!r}.", USAGE)
    if args.action in READS:
        return await READS[args.action](_lab(args.settings), args)
    if args.action == "link" and args.what == ["status"]:
        return told(await _joined(args.settings), args.json)
    if args.foreground:
        refuse_inside("--foreground", "Leave it out; the lab stays up then.")
    code = await perform_verb(_act(args), args)
    if args.action == "up" and args.foreground:
        talk("The lab ends with this command (ctrl+c).")
        await _until_told(_lab(args.settings))
        await perform_verb(LabDown(), args)
    return code


def _act(args: argparse.Namespace) -> Act:
    if args.action == "up":
        return LabUp(args.clusters, args.network, os.getpid() if args.foreground else None)
    if args.action == "link":
        if args.what not in (["cut"], ["mend"]):
            raise CommandError("`controlroom lab link` wants cut, mend or status.", USAGE)
        return LabCut() if args.what == ["cut"] else LabMend()
    if args.action == "load-image":
        return LabLoadImage(args.what, args.cluster)
    if args.action == "images":
        return LabImages(args.what)
    if args.action == "restart":
        if len(args.what) != 1 or not args.cluster:
            raise CommandError("`controlroom lab restart` wants a program and --cluster.", USAGE)
        return LabRestart(args.what[0], args.cluster, args.kill)
    return LabDown() if args.action == "down" else LabBuild()


async def _joined(settings: Settings) -> Answer:
    joined = await _lab(settings).is_joined()
    return Answer(text="joined" if joined else "cut", data={"joined": joined})


async def _until_told(lab: LabClient) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    while not over.is_set() and lab.record() is not None:
        try:
            await asyncio.wait_for(over.wait(), 1.0)
        except TimeoutError:
            continue


async def _status(lab: LabClient, args: argparse.Namespace) -> Exit:
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


async def _kubeconfig(lab: LabClient, args: argparse.Namespace) -> Exit:
    path = str(lab.kubeconfig())
    emit_json(path) if args.json else emit(path)
    return Exit.OK


async def _doctor(lab: LabClient, args: argparse.Namespace) -> Exit:
    return show({"": await examine(lab.folder, args.network)}, args)


def _made_images() -> list[Path]:
    """What `lab images` has put into the cache. Raises CommandError where there is nothing."""
    folder = images_dir()
    found = sorted(folder.glob("*.tar"))
    if not found:
        raise CommandError(
            f"There is no image in {folder}.", "Run `controlroom lab images`, or name a FILE."
        )
    return found


READS: Mapping[str, Callable[[LabClient, argparse.Namespace], Awaitable[Exit]]] = {
    "status": _status,
    "kubeconfig": _kubeconfig,
    "doctor": _doctor,
}
ACTIONS = (
    "up", "down", "status", "kubeconfig", "doctor", "build", "images", "link", "load-image",
    "restart",
)  # fmt: skip
TAKING = ("images", "link", "load-image", "restart")
"""Those that need the name of what they act on."""
