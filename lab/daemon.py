"""The daemon that owns a lab: `python -m lab.daemon --clusters 2`.

The clusters die with it, whatever ends it; what is left is removed by the sweeper that it starts
first. It is told to end by SIGTERM, and ends by itself when its owner does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from host.errors import StackError
from host.paths import lab_dir, private_dir, write_private
from host.project import PROJECT
from lab import cgroups, network, pki
from lab.caller import give
from lab.cluster import Cluster
from lab.commands import started
from lab.locks import lock_folder, lock_number
from lab.plan import LETTERS, NETWORK, NUMBERS, LabPlan, plan
from lab.record import ClusterRecord, LabRecord, keep


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until SIGTERM or the owner's end. Exit status 1 when it could not start."""
    given = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(given))
    except StackError as error:
        print(f"{error.message} {error.fix}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.daemon", description=__doc__)
    parser.add_argument("--clusters", type=int, default=len(LETTERS), help="how many")
    parser.add_argument("--network", default=NETWORK, help="a /14 for all labs of the machine")
    parser.add_argument("--owner", type=int, help="a process with which the lab ends")
    parser.add_argument("--programs", type=Path, required=True, help="folder of kubelab")
    return parser


async def _run(given: argparse.Namespace) -> int:
    folder = private_dir(lab_dir())
    lock = lock_folder(folder)
    if lock is None:
        raise StackError(f"A lab already runs in {folder}.", "Use it, or end it first.", "refused")
    chosen, number = await choose(folder, given.clusters, given.network)
    sweeper = _start_sweeper(chosen, (lock, number))
    over = asyncio.Event()
    _watch(over, given.owner)
    lab = LabClusters(chosen, given.network, given.programs)
    try:
        await lab.run(over)
    finally:
        await lab.stop()
        # The sweeper begins when this pipe is closed. It holds the locks until it is done.
        assert sweeper.stdin is not None
        sweeper.stdin.close()
    return 0


async def choose(folder: Path, clusters: int, net: str) -> tuple[LabPlan, socket.socket]:
    """The first number that nobody has, whose networks are free and whose cgroups can be had.

    Raises StackError when there is none.
    """
    taken = await network.routed()
    for number in NUMBERS:
        lock = lock_number(number)
        if lock is None:
            continue
        chosen = plan(number, clusters, folder, net)
        tags = [cluster.tag for cluster in chosen.clusters]
        if not network.collides(chosen, taken) and not any(map(cgroups.remove, tags)):
            return chosen, lock
        lock.close()
    raise StackError(
        f"No free network for the lab within {net}: this machine's routes use all of it.",
        "Give another /14 by --network.",
        "refused",
    )


class LabClusters:
    """The clusters and the record of them."""

    def __init__(self, chosen: LabPlan, net: str, programs: Path) -> None:
        self._plan = chosen
        self._began = time.monotonic()
        pid = os.getpid()
        self._record = LabRecord(
            pid=pid,
            started=started(pid) or 0.0,
            number=chosen.number,
            network=net,
            programs=str(programs),
            clusters=tuple(ClusterRecord(cluster.letter) for cluster in chosen.clusters),
        )
        self._clusters = [
            Cluster(one, tuple(o for o in chosen.clusters if o is not one), programs)
            for one in chosen.clusters
        ]
        keep(chosen.folder, self._record)

    async def run(self, over: asyncio.Event) -> None:
        """Brings the clusters up and returns when it is over, or one of them has ended."""
        ending = asyncio.ensure_future(_until(over))
        rising = asyncio.ensure_future(self._rise())
        try:
            await asyncio.wait({ending, rising}, return_when=asyncio.FIRST_COMPLETED)
            if rising.done():
                rising.result()
                self._keep(replace(self._record, phase="ready"))
                await self._until_ended(ending)
        except StackError as error:
            self._keep(replace(self._record, phase="failed", error=error.message, fix=error.fix))
            # Whoever waits for the lab reads the reason before the folder is swept.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ending, FAILURE_SHOWN)
        finally:
            for task in (ending, rising):
                task.cancel()
            await asyncio.gather(ending, rising, return_exceptions=True)

    async def stop(self) -> None:
        """Ends all clusters at once."""
        await asyncio.gather(*(cluster.stop() for cluster in self._clusters))

    async def _until_ended(self, ending: asyncio.Future[None]) -> None:
        ends = {asyncio.ensure_future(cluster.wait()) for cluster in self._clusters}
        try:
            await asyncio.wait({ending, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                raise StackError("A cluster has ended.", "Bring the lab up again.")
        finally:
            for task in ends:
                task.cancel()

    async def _rise(self) -> None:
        for cluster in self._clusters:
            await cluster.start()
            self._change(cluster, None)
        if len(self._clusters) > 1:
            one, other = self._clusters
            await network.join(one.init, other.init)
        self._say("namespaces and links are there")
        entries = [pki.admin_entry(cluster.plan) for cluster in self._clusters]
        give(write_private(self._plan.kubeconfig, json.dumps(pki.kubeconfig(entries))))
        await asyncio.gather(*(self._rise_one(cluster) for cluster in self._clusters))

    async def _rise_one(self, cluster: Cluster) -> None:
        name = cluster.plan.name
        await cluster.until_ready()
        self._change(cluster, "node")
        self._say(f"{name}: node is Ready")
        await cluster.load_images()
        self._change(cluster, "images")
        await cluster.install_addons()
        self._change(cluster, "addons")
        self._say(f"{name}: name service and metrics serve")

    def _change(self, cluster: Cluster, step: str | None) -> None:
        old = self._record.cluster(cluster.plan.letter)
        timings = old.timings | ({step: round(self._age, 1)} if step else {})
        new = ClusterRecord(cluster.plan.letter, cluster.init, timings)
        self._keep(self._record.with_cluster(new))

    def _say(self, line: str) -> None:
        lines = (*self._record.lines, f"{self._age:6.1f} s  {line}")
        self._keep(replace(self._record, lines=lines))

    def _keep(self, record: LabRecord) -> None:
        self._record = record
        keep(self._plan.folder, record)

    @property
    def _age(self) -> float:
        return time.monotonic() - self._began


FAILURE_SHOWN = 10.0
"""Seconds for which a lab that failed can be read and looked into."""


async def _until(over: asyncio.Event) -> None:
    await over.wait()


def _watch(over: asyncio.Event, owner: int | None) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if owner is None:
        return
    try:
        handle = os.pidfd_open(owner)
    except ProcessLookupError:
        over.set()
    else:
        # Readable from the owner's end on.
        loop.add_reader(handle, over.set)


def _start_sweeper(of: LabPlan, locks: Sequence[socket.socket]) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "lab.sweeper", f"--number={of.number}"]
    argv += [f"--clusters={len(of.clusters)}", f"--folder={of.folder}"]
    return subprocess.Popen(
        argv,
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        pass_fds=[lock.fileno() for lock in locks],
        start_new_session=True,
    )


if __name__ == "__main__":
    sys.exit(main())
