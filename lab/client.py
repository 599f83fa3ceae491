"""The way to a lab: brings it up, ends it, asks it, acts on it. Everything raises StackError."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from host.errors import StackError
from host.paths import explained, lab_dir, private_dir
from host.project import PROJECT, with_packages
from lab import network, programs, record
from lab.caller import give, require_root
from lab.cluster import programs_of
from lab.commands import outer_pid
from lab.components import names
from lab.images import load
from lab.locks import lock_folder, lock_number
from lab.plan import LETTERS, NETWORK, ClusterPlan, LabPlan, plan
from lab.record import LabRecord
from lab.sweeper import PATIENCE as SWEEP_PATIENCE
from lab.sweeper import sweep

UP_PATIENCE = 660.0
"""Seconds from the daemon's start to a lab that is ready; the build is not counted."""
RESTART_PATIENCE = 60.0
GRACE = 10.0
"""Seconds from SIGTERM to SIGKILL of a program that is restarted: with watches open the API
server takes a minute to end by itself."""
_EVERY = 0.1

Progress = Callable[[str], None]
Json = dict[str, Any]


class LabClient:
    """The lab of one state folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or lab_dir()

    def record(self) -> LabRecord | None:
        """The daemon's record; None when there is no lab."""
        found = record.read(self.folder)
        return found if found is not None and found.alive else None

    async def up(
        self,
        progress: Progress,
        clusters: int = len(LETTERS),
        net: str = NETWORK,
        owner: int | None = None,
    ) -> LabRecord:
        """Brings the lab up, or waits for one that comes up; answers when all of it serves.

        With `owner` the lab ends when that process does.
        """
        running = self.record()
        if running is not None and running.phase == "failed":
            await self.down()
            running = None
        if running is not None:
            _check_same(running, clusters)
            return await self._until_ready(progress)
        built = await programs.ready(progress)
        await self.sweep()
        return await self._until_ready(progress, self._spawn(built, clusters, net, owner))

    async def down(self) -> bool:
        """Ends the lab and returns when nothing of it is left; whether there was one."""
        running = self.record()
        if running is not None or self.folder.exists():
            require_root("down")
        if running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGTERM)
        swept = await self.sweep()
        return running is not None or swept

    async def sweep(self) -> bool:
        """Removes what a lab left that is dead, or waits for its sweeper; whether there was any."""
        there = self.folder.exists()
        deadline = time.monotonic() + SWEEP_PATIENCE * 2
        while (lock := lock_folder(self.folder)) is None:
            if time.monotonic() > deadline:
                raise StackError(
                    f"The lab in {self.folder} has not ended within {SWEEP_PATIENCE * 2:.0f} s.",
                    "See `controlroom lab status`, and try again.",
                )
            await asyncio.sleep(_EVERY)
        with lock:
            left = await asyncio.to_thread(self._sweep_dead) if self.folder.exists() else []
        if left:
            raise StackError(
                f"Something of the lab is left: {', '.join(left)}.",
                "End what uses it, then `controlroom lab down` again.",
            )
        return there

    async def status(self) -> Json:
        """All that is known, as JSON: phase, network, and each cluster with its programs.

        `joined` is None where there is one cluster, or where the caller, who is not root, may
        not look at the link.
        """
        found = self._running()
        of = self.plan(found)
        seen = len(found.clusters) > 1 and os.geteuid() == 0
        clusters = [await self._cluster_status(found, cluster) for cluster in of.clusters]
        return {
            "phase": found.phase,
            "pid": found.pid,
            "network": found.network,
            "kubeconfig": str(of.kubeconfig),
            "kubectl": str(Path(found.programs) / "kubectl"),
            "joined": await self.is_joined() if seen else None,
            "error": found.error,
            "clusters": clusters,
        }

    async def is_joined(self) -> bool:
        """Whether the clusters reach each other."""
        found = self._acted_on("link", "status")
        self._check_join(found)
        return all([await network.is_joined(one.init) for one in found.clusters])

    async def cut(self) -> None:
        """Takes the link between the clusters away."""
        found = self._acted_on("link", "cut")
        self._check_join(found)
        await network.set_join(found.clusters[0].init, up=False)

    async def mend(self) -> None:
        """Gives the link between the clusters back."""
        found = self._acted_on("link", "mend")
        self._check_join(found)
        _, other = self.plan(found).clusters
        init = found.clusters[0].init
        await network.set_join(init, up=True)
        await network.restore_routes(other, init)

    async def load_image(self, file: Path, letters: Sequence[str]) -> None:
        """Gives an image archive to clusters, by their letters."""
        found = self._acted_on("load-image", str(file))
        for letter in letters:
            init = self._init(found, letter)
            try:
                with file.open("rb") as archive:
                    await load(init, archive)
            except OSError as error:
                raise StackError(
                    f"{file} cannot be read: {error.strerror}.", "Give an OCI or Docker archive."
                ) from error

    async def restart(self, program: str, letter: str, number: int = signal.SIGTERM) -> float:
        """Ends one program of a cluster and waits until it serves again; answers the seconds."""
        found = self._acted_on("restart", program, "--cluster", letter)
        cluster = self._plan_of(found, letter)
        known = names(cluster)
        name = next((n for n in known if program in (n, n.removeprefix("kube-"))), None)
        if name is None:
            raise StackError(f"There is no program {program!r}.", f"Known: {', '.join(known)}.")
        before = programs_of(cluster).get(name, {})
        pid = outer_pid(self._init(found, letter), int(before.get("pid") or 0))
        if pid is None:
            raise StackError(f"{name} of {cluster.name} does not run.", "It is being started.")
        began = time.monotonic()
        _send(pid, number)
        while (took := time.monotonic() - began) < RESTART_PATIENCE:
            now = programs_of(cluster).get(name, {})
            restarted = now.get("restarts") != before.get("restarts")
            if restarted and now.get("ready"):
                return took
            if not restarted and took > GRACE:
                _send(pid, signal.SIGKILL)
            await asyncio.sleep(_EVERY / 2)
        raise StackError(
            f"{name} of {cluster.name} did not come back within {RESTART_PATIENCE:.0f} s.",
            f"Look into {cluster.logs / name}.log.",
        )

    def plan(self, of: LabRecord) -> LabPlan:
        """Names and addresses of the running lab."""
        return plan(of.number, len(of.clusters), self.folder, of.network)

    def kubeconfig(self) -> Path:
        """The lab's own kubeconfig."""
        return self.plan(self._running()).kubeconfig

    def _running(self) -> LabRecord:
        found = self.record()
        if found is None:
            raise StackError(
                f"No lab is up in {self.folder}.", "Start it: `controlroom lab up`.", "unreachable"
            )
        return found

    def _acted_on(self, *words: str) -> LabRecord:
        """The lab that runs, for `controlroom lab WORDS`; raises StackError without root."""
        found = self._running()
        require_root(*words)
        return found

    def _plan_of(self, of: LabRecord, letter: str) -> ClusterPlan:
        clusters = {cluster.letter: cluster for cluster in self.plan(of).clusters}
        if letter not in clusters:
            raise StackError(
                f"The lab has no cluster {letter!r}.",
                f"It has {', '.join(clusters)}.",
                "not_found",
            )
        return clusters[letter]

    def _init(self, of: LabRecord, letter: str) -> int:
        self._plan_of(of, letter)
        init = of.cluster(letter).init
        if not init:
            raise StackError(f"Cluster {letter} is not up yet.", "Wait a second.", "unreachable")
        return init

    def _check_join(self, of: LabRecord) -> None:
        if len(of.clusters) < len(LETTERS):
            raise StackError(
                "One cluster has no link to another.", "See `lab up --clusters 2`.", "refused"
            )
        self._init(of, of.clusters[-1].letter)

    async def _cluster_status(self, of: LabRecord, cluster: ClusterPlan) -> Json:
        one = of.cluster(cluster.letter)
        return {
            "context": cluster.name,
            "node": cluster.node,
            "address": str(cluster.address),
            "pods": str(cluster.pods),
            "services": str(cluster.services),
            "link": cluster.tag,
            "logs": str(cluster.logs),
            "init": one.init,
            "seconds": one.timings,
            "programs": programs_of(cluster),
        }

    def _spawn(
        self, built: Path, clusters: int, net: str, owner: int | None
    ) -> subprocess.Popen[bytes]:
        give(private_dir(self.folder))
        give(self.folder.parent)
        argv = [sys.executable, "-m", "lab.daemon", f"--clusters={clusters}", f"--network={net}"]
        argv += [f"--programs={built}"] + ([f"--owner={owner}"] if owner is not None else [])
        log = self.folder / "labd.log"
        try:
            with log.open("ab") as file:
                return subprocess.Popen(
                    argv,
                    cwd=PROJECT,
                    env=with_packages(CONTROLROOM_STATE_DIR=str(self.folder.parent)),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    start_new_session=True,
                )
        except OSError as error:
            raise explained(error, log) from error

    async def _until_ready(
        self, progress: Progress, daemon: subprocess.Popen[bytes] | None = None
    ) -> LabRecord:
        deadline = time.monotonic() + UP_PATIENCE
        seen = 0
        while time.monotonic() < deadline:
            # Asked before the record is read: a daemon that ends has written its last by then.
            ended = daemon is not None and daemon.poll() is not None
            found = record.read(self.folder)
            if found is not None:
                for line in found.lines[seen:]:
                    progress(line)
                seen = len(found.lines)
                if found.phase == "failed":
                    raise StackError(found.error, found.fix)
                if found.phase == "ready" and found.alive:
                    return found
            # Another command's daemon may have been first; then its lab is waited for.
            if (ended or daemon is None) and (found is None or not found.alive):
                break
            await asyncio.sleep(_EVERY)
        raise StackError(
            f"The lab did not come up: {self._said() or 'its daemon ended'}.",
            "See `controlroom lab doctor`, then `controlroom lab up` again.",
        )

    def _said(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.folder / "labd.log").read_text(errors="replace").strip().splitlines()
            return lines[-1].rstrip(".") if lines else ""
        return ""

    def _sweep_dead(self) -> list[str]:
        """The caller holds the lock on the folder, so nobody brings the lab up meanwhile."""
        dead = record.read(self.folder)
        number = lock_number(dead.number) if dead is not None else None
        if dead is None or number is None:
            # Another lab may have the number by now: it has removed the links and cgroups itself.
            empty = LabPlan(0, self.folder, ())
            return sweep(empty)
        with number:
            return sweep(self.plan(dead))


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _check_same(running: LabRecord, clusters: int) -> None:
    if len(running.clusters) != clusters:
        raise StackError(
            f"A lab runs already, with {len(running.clusters)} of {clusters} clusters.",
            "End it first: `controlroom lab down`.",
            "refused",
        )
