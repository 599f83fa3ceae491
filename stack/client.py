"""Client of a stack: starts its daemon, asks it, ends it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from host.errors import Kind, StackError
from host.paths import explained, private_dir, stack_socket, state_dir
from host.project import PROJECT, with_packages
from scenarios.loading import whole
from stack.daemon_files import DaemonFiles
from wire.plain_http import trust

Json = dict[str, Any]
ANSWER_PATIENCE = 60.0
SOCKET_PATIENCE = 20.0
"""Seconds from the daemon's start to its first answer."""
READY_PATIENCE = 600.0
"""Seconds; the first start may have to fetch engines."""
DOWN_PATIENCE = 30.0
_EVERY = 0.1
_KINDS: Mapping[str, Kind] = {
    "refused": "refused",
    "not_found": "not_found",
    "unreachable": "unreachable",
}

KEPT = 5.0
"""Seconds for which a client keeps a connection that it does not use."""


class StackClient:
    """Speaks to the daemon behind a socket. Every method raises StackError."""

    def __init__(self, socket: Path | None = None) -> None:
        self.socket = socket or stack_socket()
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(self.socket),
                verify=trust(""),
                limits=httpx.Limits(keepalive_expiry=KEPT),
            ),
            base_url="http://stack",
            timeout=ANSWER_PATIENCE,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Lets go of the connection."""
        await self._http.aclose()

    async def status(self) -> Json:
        """Everything that runs."""
        return await self._ask("GET", "/v1/status")

    async def endpoints(self) -> Json:
        """The endpoints as any client of this user opens them, logins included."""
        return await self._ask("GET", "/v1/endpoints")

    async def events(self, after: int = 0) -> Json:
        """`{"events": [...], "last": number}`: what happened after that number."""
        answer = await self._ask("GET", f"/v1/events?after={after}")
        self._listed(answer, "events")
        return answer

    async def logs(self, name: str, lines: int = 100, previous: bool = False) -> list[str]:
        """The last lines of a pod or an engine, oldest first; `previous`: of its life before."""
        query = f"lines={lines}{'&previous=true' if previous else ''}"
        return self._listed(await self._ask("GET", f"/v1/logs/{name}?{query}"), "lines")

    async def scale(self, deployment: str, replicas: int) -> None:
        """Another number of replicas, within the bounds."""
        await self._ask("POST", f"/v1/deployments/{deployment}/scale", {"replicas": replicas})

    async def restart_deployment(self, deployment: str) -> None:
        """Replaces the pods one by one; returns at once."""
        await self._ask("POST", f"/v1/deployments/{deployment}/restart")

    async def variables(self, deployment: str, names: Sequence[str]) -> Json:
        """`{"values": container -> variable -> value or null, "rolling": words}`."""
        path = f"/v1/deployments/{deployment}/variables?names={','.join(names)}"
        return await self._ask("GET", path)

    async def configure(
        self, deployment: str, values: Mapping[str, Mapping[str, str | None]]
    ) -> None:
        """Other variables for a while; null is what the manifest says."""
        await self._ask("POST", f"/v1/deployments/{deployment}/variables", {"values": values})

    async def delete_pod(self, pod: str, grace: int | None = None) -> None:
        """Ends a pod and returns when it is gone; 0 seconds of grace mean SIGKILL."""
        query = "" if grace is None else f"?grace={grace}"
        await self._ask("DELETE", f"/v1/pods/{pod}{query}")

    async def restart_engine(self, engine: str) -> None:
        """Ends an engine politely; it starts again."""
        await self._ask("POST", f"/v1/engines/{engine}/restart")

    async def preview_fault(self, manifest: Mapping[str, Any]) -> Json:
        """What a Chaos Mesh object would hit now."""
        return await self._ask("POST", "/v1/faults/preview", {"manifest": manifest})

    async def inject_fault(self, manifest: Mapping[str, Any], run: str = "") -> Json:
        """Starts a fault; the stack ends it."""
        return await self._ask("POST", "/v1/faults", {"manifest": manifest, "run": run})

    async def faults(self) -> list[Json]:
        """All faults that the stack holds, and the finished ones of late."""
        return self._listed(await self._ask("GET", "/v1/faults"), "faults")

    async def recover_fault(self, fault: str) -> Json:
        """Ends a fault; returns when nothing of it is left."""
        return await self._ask("DELETE", f"/v1/faults/{fault}")

    async def set_scenario(self, scenario: str) -> bool:
        """Another scenario by name or path; the services are replaced one by one. False where it
        has other services, and the stack has to be started again for it."""
        answer = await self._ask("POST", "/v1/scenario", {"scenario": whole(scenario)})
        # a daemon of before takes every one
        return bool(answer.get("taken", True))

    async def down(self) -> None:
        """Ends the stack; returns when its daemon is gone."""
        daemon = DaemonFiles(self.socket.parent).daemon()
        await self._ask("POST", "/v1/down")
        deadline = time.monotonic() + DOWN_PATIENCE
        while daemon is not None and DaemonFiles(self.socket.parent).daemon() is not None:
            if time.monotonic() > deadline:
                raise StackError(
                    f"The stack has not ended within {DOWN_PATIENCE:.0f} s.",
                    f"End the process {daemon.pid}; its children end with it.",
                )
            await asyncio.sleep(_EVERY)

    async def ensure_up(
        self,
        progress: Callable[[str], None],
        scenario: str = "bands",
        patience: float = READY_PATIENCE,
    ) -> Json:
        """Starts the stack where none answers, and waits until it is ready; answers its status.

        `progress` is given a line whenever what the stack waits for changes; `patience` are the
        seconds in which nothing of it changes. A stack that already runs keeps its scenario.
        """
        await start_daemon(scenario, self.socket.parent)
        await self._try_failed_again()
        deadline = time.monotonic() + patience
        said = ""
        while True:
            status = await self.status()
            line = str(status["stack"]["message"])
            if line != said:
                said = line
                deadline = time.monotonic() + patience
                if line:
                    progress(line)
            if status["stack"]["state"] == "ready":
                return status
            _check_engines(status)
            if time.monotonic() > deadline:
                raise StackError(
                    f"The stack is not ready within {patience:.0f} s: {line}",
                    "See `controlroom status` and `controlroom doctor`.",
                )
            await asyncio.sleep(_EVERY)

    async def _try_failed_again(self) -> None:
        """Restarts engines that have failed: who says `up` may have fixed the cause."""
        for engine in (await self.status())["engines"]:
            if engine["state"] == "failed":
                await self.restart_engine(engine["name"])

    async def _ask(self, method: str, path: str, body: object = None) -> Json:
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        try:
            data: object = answer.json()
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise self._stranger(f"{answer.status_code} without a JSON object")
        if answer.is_error:
            kind = _KINDS.get(str(data.get("kind")), "failed")
            message = str(data.get("error") or f"The stack answered {answer.status_code}.")
            raise StackError(message, str(data.get("fix") or ""), kind)
        return data

    def _listed(self, answer: Json, name: str) -> list[Any]:
        found = answer.get(name)
        if not isinstance(found, list):
            raise self._stranger(f"no {name}")
        return found

    def _stranger(self, answered: str) -> StackError:
        return StackError(
            f"Somebody answers at {self.socket} who is no stack: {answered}.",
            "Look who holds it; `controlroom down` and `up` make it anew.",
            "unreachable",
        )

    def _unreachable(self, error: httpx.HTTPError) -> StackError:
        if isinstance(error, httpx.TimeoutException):
            return StackError(
                "The stack did not answer in time.", "Look at logs/stackd.log.", "unreachable"
            )
        return StackError(
            f"No stack answers at {self.socket}.", "Start it: `controlroom up`.", "unreachable"
        )


async def start_daemon(scenario: str = "bands", state: Path | None = None) -> int:
    """Starts a daemon that outlives this process, unless one runs; answers its process id.

    Returns when its socket answers. Raises StackError with the reason of a failed start.
    """
    files = DaemonFiles(state or state_dir())
    running = files.daemon()
    process = None if running is not None else _spawn(scenario, files)
    deadline = time.monotonic() + SOCKET_PATIENCE
    async with StackClient(files.socket) as client:
        while True:
            try:
                return int((await client.status())["stack"]["pid"])
            except StackError as error:
                if error.kind != "unreachable":
                    raise
            if process is not None and process.poll() is not None and files.daemon() is None:
                raise files.error() or _silent_end(files)
            if time.monotonic() > deadline:
                raise StackError(
                    f"The stack does not answer within {SOCKET_PATIENCE:.0f} s.",
                    f"Look at {files.log}.",
                )
            await asyncio.sleep(_EVERY)


def _spawn(scenario: str, files: DaemonFiles) -> subprocess.Popen[bytes]:
    private_dir(files.state)
    private_dir(files.log.parent)
    try:
        with files.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "stack.daemon", "--scenario", whole(scenario)],
                cwd=PROJECT,
                env=with_packages(CONTROLROOM_STATE_DIR=str(files.state)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        raise explained(error, files.log) from error


def _silent_end(files: DaemonFiles) -> StackError:
    return StackError("The stack ended while it started.", f"Look at {files.log}.")


def _check_engines(status: Mapping[str, Any]) -> None:
    for engine in status["engines"]:
        if engine["state"] == "failed":
            raise StackError(
                f"{engine['name']} cannot run: {engine['message']}",
                "Fix it, then `controlroom up` again; see `controlroom doctor`.",
            )
