"""One cluster: its first process, its link, its node, its images and its add-ons."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from host import leash
from host.errors import StackError
from lab import addons, cgroups, files, network, pki
from lab.commands import ENVIRONMENT, first_child
from lab.images import load
from lab.plan import ClusterPlan
from lab.programs import IMAGES, archive_of

HERE = Path(__file__).resolve().parent
NODE_PATIENCE = 300.0
"""Seconds from the start of a cluster to a node that is Ready."""
ADDON_PATIENCE = 300.0
_EVERY = 0.1
NAMESPACES = ("--mount", "--net", "--pid", "--uts", "--ipc", "--mount-proc")


class Cluster:
    """A cluster as the daemon sees it."""

    def __init__(self, plan: ClusterPlan, peers: tuple[ClusterPlan, ...], programs: Path) -> None:
        self.plan = plan
        self.init = 0
        """Its first process, as this machine numbers it."""
        self._peers = peers
        self._programs = programs
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Starts its first process and links it with this machine. Raises StackError."""
        plan = self.plan
        await asyncio.to_thread(self._prepare)
        init = (sys.executable, "-I", "-S", str(HERE / "init.py"))
        first = (*init, str(plan.folder), str(self._programs))
        with (plan.logs / "init.log").open("ab") as log:
            # From the main thread: the leash is tied to the thread that starts.
            self._process = await asyncio.create_subprocess_exec(
                *leash.command("unshare", *NAMESPACES, "--fork", "--kill-child", *first),
                env=ENVIRONMENT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.init = await self._first_process(self._process)
        await network.connect(plan, self.init)

    async def wait(self) -> None:
        """Returns when its first process has ended."""
        assert self._process is not None
        await self._process.wait()

    async def stop(self) -> None:
        """Ends everything in it at once; there is nothing in it to be kept."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def until_ready(self) -> None:
        """Waits for its node. Raises StackError with what the cluster's programs say."""
        async with self._api() as api:
            deadline = time.monotonic() + NODE_PATIENCE
            while not await _is_ready(api, self.plan.node):
                self._check(deadline)
                await asyncio.sleep(_EVERY)

    async def load_images(self) -> None:
        """Gives it the lab's own images."""
        for image in IMAGES:
            with archive_of(image, self._programs).open("rb") as archive:
                await load(self.init, archive)

    async def install_addons(self) -> None:
        """Name service, metrics and volumes; returns when they serve."""
        await addons.apply(self.plan, self._programs)
        async with self._api() as api:
            deadline = time.monotonic() + ADDON_PATIENCE
            while missing := await addons.missing(api):
                self._check(deadline, f"not serving: {', '.join(missing)}")
                await asyncio.sleep(_EVERY)

    def _prepare(self) -> None:
        pki.make(self.plan)
        files.write(self.plan, self._peers)
        try:
            cgroups.make(self.plan.tag)
        except OSError as error:
            raise StackError(
                f"The cgroup {self.plan.tag} cannot be made: {error}.",
                "See `controlroom lab doctor`.",
            ) from error

    async def _first_process(self, process: asyncio.subprocess.Process) -> int:
        """`unshare` becomes its parent; until then there is no child."""
        while process.returncode is None:
            child = first_child(process.pid)
            if child is not None:
                return child
            await asyncio.sleep(0.01)
        raise self._failure("could not be started")

    def _check(self, deadline: float, what: str = "its node is not Ready") -> None:
        if self._process is not None and self._process.returncode is not None:
            raise self._failure("ended")
        if time.monotonic() > deadline:
            silent = "; ".join(self._silent())
            raise self._failure(f"did not come up in time: {silent or what}")

    def _silent(self) -> list[str]:
        """The programs that do not serve, each with what is known of it."""
        found = programs_of(self.plan)
        return [f"{name} {one['message']}" for name, one in found.items() if not one["ready"]]

    def _failure(self, what: str) -> StackError:
        said = _last_line(self.plan.logs / "init.log")
        return StackError(
            f"Cluster {self.plan.name} {what}{': ' + said if said else '.'}",
            f"Look into {self.plan.logs} while the lab is there, and see `controlroom lab doctor`.",
        )

    def _api(self) -> httpx.AsyncClient:
        context = ssl.create_default_context(cafile=str(self.plan.pki / "ca.crt"))
        name = self.plan.pki / pki.ADMIN
        context.load_cert_chain(name.with_suffix(".crt"), name.with_suffix(".key"))
        return httpx.AsyncClient(
            base_url=self.plan.server,
            verify=context,
            timeout=httpx.Timeout(5.0, connect=1.0),
            trust_env=False,
        )


def programs_of(plan: ClusterPlan) -> dict[str, dict[str, Any]]:
    """What the first process of a cluster wrote down last, by program."""
    try:
        found: dict[str, dict[str, Any]] = json.loads(plan.status.read_text())
    except (OSError, ValueError):
        return {}
    return found


async def _is_ready(api: httpx.AsyncClient, node: str) -> bool:
    try:
        answer = await api.get(f"/api/v1/nodes/{node}")
    except httpx.HTTPError:
        return False
    if answer.status_code != httpx.codes.OK:
        return False
    conditions = answer.json()["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""
