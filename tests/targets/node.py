"""A node and a Job controller as a test plays them: containers are processes of this machine.

The API server reads their logs as it does from a kubelet: it asks the node over TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from controlroom.targets.abilities import TargetError
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, JOBS, PODS
from tests.ports import free_port
from tests.targets.objects import STRATEGIC

LOOK = 0.1
HERE = "127.0.0.1"


@dataclass
class Container:
    """One container that runs, or has run."""

    process: asyncio.subprocess.Process
    log: Path
    told: bool = False
    """Whether the pod's status says that it has ended."""


@dataclass
class PlayedNode:
    """Runs the pods of the Jobs of one namespace."""

    api: Api
    namespace: str
    folder: Path
    ports: Mapping[str, str] = field(default_factory=dict)
    """Port in a command -> the one that is free here."""
    containers: dict[str, Container] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The node's name."""
        return f"node-{self.namespace}"

    async def play(self) -> None:
        """Goes on until it is cancelled; an API server that is away is asked again."""
        while True:
            with contextlib.suppress(TargetError):
                for job in (await self.api.get(JOBS.path(self.namespace)))["items"]:
                    await self._control(job)
                for pod in (await self.api.get(PODS.path(self.namespace)))["items"]:
                    await self._run(pod)
            await asyncio.sleep(LOOK)

    async def _control(self, job: Any) -> None:
        """Makes the pods of a Job, and says when it is over. Those of one that is gone go too."""
        spec, name = job["spec"], job["metadata"]["name"]
        path = JOBS.path(self.namespace, name)
        ended = []
        for index in range(spec.get("completions", 1)):
            pod = f"{name}-{index}"
            if pod not in self.commands:
                await self._make(job, pod, index)
            one = self.containers.get(pod)
            ended.append(None if one is None else one.process.returncode)
        if job.get("status", {}).get("conditions") or None in ended:
            return
        good = not any(ended)
        now = "2026-01-01T00:00:00Z"
        kinds = ("SuccessCriteriaMet", "Complete") if good else ("FailureTarget", "Failed")
        conditions = [
            {
                "type": kind,
                "status": "True",
                "reason": "Played",
                "message": "" if good else f"its containers ended with {ended}",
                "lastTransitionTime": now,
            }
            for kind in kinds
        ]
        status: dict[str, Any] = {"conditions": conditions, "startTime": now}
        if good:
            status |= {"completionTime": now, "succeeded": len(ended)}
        with contextlib.suppress(ApiError):
            await self.api.patch(f"{path}/status", {"status": status})

    async def _make(self, job: Any, pod: str, index: int) -> None:
        template = job["spec"]["template"]
        owner = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": job["metadata"]["name"],
            "uid": job["metadata"]["uid"],
            "controller": True,
        }
        spec = {**template["spec"], "nodeName": self.name}
        spec["containers"][0]["env"] = [{"name": "JOB_COMPLETION_INDEX", "value": str(index)}]
        meta = {**template["metadata"], "name": pod, "ownerReferences": [owner]}
        self.commands[pod] = spec["containers"][0]["command"]
        await self.api.create(PODS.path(self.namespace), {"metadata": meta, "spec": spec})

    async def _run(self, pod: Any) -> None:
        name = pod["metadata"]["name"]
        one = self.containers.get(name)
        owner = pod["metadata"]["ownerReferences"][0]["name"]
        if one is None and pod["spec"].get("nodeName") == self.name:
            one = self.containers[name] = await self._start(pod)
            await self._tell(name, "Running", {"running": {"startedAt": "2026-01-01T00:00:00Z"}})
        if one is None:
            return
        code = one.process.returncode
        leaving = pod["metadata"].get("deletionTimestamp")
        if code is None and (
            leaving or not await self.api.exists(JOBS.path(self.namespace, owner))
        ):
            with contextlib.suppress(ProcessLookupError):
                one.process.send_signal(signal.SIGTERM)
        elif code is not None and leaving:
            with contextlib.suppress(ApiError):
                await self.api.delete(PODS.path(self.namespace, name), gracePeriodSeconds="0")
        elif code is not None and not one.told:
            one.told = True
            phase = "Failed" if code else "Succeeded"
            await self._tell(name, phase, {"terminated": {"exitCode": code}})

    async def _start(self, pod: Any) -> Container:
        name, spec = pod["metadata"]["name"], pod["spec"]
        one = spec["containers"][0]
        place = one["workingDir"]
        run = self.folder / name / Path(place).name
        run.mkdir(parents=True)
        (given,) = (v["configMap"]["name"] for v in spec["volumes"] if "configMap" in v)
        config = await self._given(given)
        for key, text in (config.get("data") or {}).items():
            (run / key).write_text(text)
        for key, text in (config.get("binaryData") or {}).items():
            import base64

            (run / key).write_bytes(base64.b64decode(text))
        words = [self._word(word, place, str(run)) for word in one["command"][1:]]
        log = self.folder / f"{name}.log"
        variables = {each["name"]: each["value"] for each in one["env"]}
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=(self.folder / f"{name}.err").open("wb"),
                cwd=run,
                env={**os.environ, **variables},
            )
        return Container(process, log)

    async def _given(self, name: str) -> Any:
        """A pod waits for its volumes."""
        while True:
            with contextlib.suppress(ApiError):
                return await self.api.get(CONFIG_MAPS.path(self.namespace, name))
            await asyncio.sleep(LOOK)

    def _word(self, word: str, place: str, folder: str) -> str:
        for port, own in self.ports.items():
            if word == port or word.endswith(f":{port}"):
                return word.removesuffix(port) + own
        return word.replace(place, folder)

    async def _tell(self, pod: str, phase: str, state: Mapping[str, Any]) -> None:
        ready = "True" if phase == "Running" else "False"
        status = {
            "phase": phase,
            "podIP": HERE,
            "conditions": [{"type": "Ready", "status": ready}],
            "containerStatuses": [
                {
                    "name": pod,
                    "ready": ready == "True",
                    "restartCount": 0,
                    "image": "x",
                    "imageID": "",
                    "state": state,
                }
            ],
        }
        path = PODS.path(self.namespace, pod, "status")
        with contextlib.suppress(ApiError):
            await self.api.patch(path, {"status": status}, STRATEGIC)

    async def logs(self, request: web.Request) -> web.StreamResponse:
        """What a kubelet answers at /containerLogs: follows until the container has ended."""
        one = self.containers[request.match_info["pod"]]
        answer = web.StreamResponse()
        await answer.prepare(request)
        with one.log.open("rb") as log:
            while True:
                over = one.process.returncode is not None
                await answer.write(log.read())
                if over:
                    await answer.write_eof()
                    return answer
                await asyncio.sleep(LOOK)


@asynccontextmanager
async def node(api: Api, namespace: str, folder: Path) -> AsyncIterator[PlayedNode]:
    """A node of the namespace's own, registered with the API server."""
    one = PlayedNode(api, namespace, folder, {"5557": str(free_port())})
    port = free_port()
    server = web.Application()
    server.router.add_get("/containerLogs/{namespace}/{pod}/{container}", one.logs)
    runner = web.AppRunner(server, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, HERE, port, ssl_context=_tls(folder)).start()
    made = await api.create("/api/v1/nodes", {"metadata": {"name": one.name}})
    status = {
        "addresses": [{"type": "InternalIP", "address": HERE}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    path = f"/api/v1/nodes/{made['metadata']['name']}"
    await api.patch(f"{path}/status", {"status": status}, STRATEGIC)
    playing = asyncio.create_task(one.play())
    try:
        yield one
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        for container in one.containers.values():
            with contextlib.suppress(ProcessLookupError):
                container.process.kill()
            await container.process.wait()
        await runner.cleanup()
        await api.delete(path)


def _tls(folder: Path) -> ssl.SSLContext:
    openssl = shutil.which("openssl")
    assert openssl is not None
    key, crt = folder / "node.key", folder / "node.crt"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    words += ["-nodes", "-subj", "/CN=node", "-keyout", str(key), "-out", str(crt)]
    subprocess.run([openssl, *words], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(crt, key)
    return tls
