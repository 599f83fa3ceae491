"""The daemon: one per state folder, no orphans, quick to go, easy to bring back."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from host.errors import StackError
from host.project import PROJECT
from scenarios.loading import file_of
from stack.client import KEPT, StackClient, start_daemon
from stack.config import StackConfig
from stack.daemon_files import DaemonFiles
from tests.waiting import PATIENCE, until


def start(config: StackConfig) -> subprocess.Popen[bytes]:
    """The daemon as a child of the test, on tiny services."""
    words = ["--manifests", str(config.manifests), "--project", str(config.project)]
    return subprocess.Popen(
        [sys.executable, "-m", "stack.daemon", *words],
        cwd=PROJECT,
        env=os.environ | {"CONTROLROOM_STATE_DIR": str(config.state)},
        stderr=(config.state / "daemon.log").open("ab"),
    )


async def is_ready(client: StackClient) -> bool:
    try:
        return bool((await client.status())["stack"]["state"] == "ready")
    except StackError as error:
        if error.kind != "unreachable":
            raise
        return False


@pytest.fixture
async def client(tiny_config: StackConfig) -> AsyncIterator[StackClient]:
    """A client of the daemon that is to come; at the end none is left."""
    files = DaemonFiles(tiny_config.state)
    async with StackClient(files.socket) as client:
        yield client
    left = files.daemon()
    if left is not None:
        left.kill()


async def test_nothing_is_left_when_the_daemon_is_killed(
    tiny_config: StackConfig, client: StackClient
) -> None:
    daemon = start(tiny_config)
    await until(lambda: is_ready(client), "the stack is ready")
    children = psutil.Process(daemon.pid).children(recursive=True)
    assert len(children) >= 6
    daemon.kill()
    daemon.wait()
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert alive == []
    assert DaemonFiles(tiny_config.state).daemon() is None

    again = start(tiny_config)
    await until(lambda: is_ready(client), "the next one is ready in spite of the stale files")
    children = psutil.Process(again.pid).children(recursive=True)
    await client.down()
    assert again.wait(5) == 0
    assert psutil.wait_procs(children, timeout=0)[1] == []
    assert not DaemonFiles(tiny_config.state).socket.exists()


async def test_a_second_daemon_refuses(tiny_config: StackConfig, client: StackClient) -> None:
    first = start(tiny_config)
    await until(lambda: is_ready(client), "the stack is ready")
    assert (DaemonFiles(tiny_config.state).socket.stat().st_mode & 0o777) == 0o600
    second = start(tiny_config)
    assert second.wait(10) == 1
    assert "already runs" in (tiny_config.state / "daemon.log").read_text()
    assert await start_daemon(state=tiny_config.state) == first.pid
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0


@pytest.mark.processes
async def test_a_bad_scenario_is_told_to_whoever_starts(state: Path) -> None:
    with pytest.raises(StackError) as caught:
        await start_daemon("nothing-of-that-name", state)
    assert "nothing-of-that-name" in caught.value.message
    assert caught.value.kind == "refused"


async def test_a_stack_that_is_not_there_is_unreachable(state: Path) -> None:
    async with StackClient(state / "stack.sock") as client:
        with pytest.raises(StackError) as caught:
            await client.status()
    assert caught.value.kind == "unreachable"


async def test_a_connection_is_kept_for_longer_than_clients_keep_one(
    tiny_config: StackConfig, client: StackClient
) -> None:
    daemon = start(tiny_config)
    await until(lambda: is_ready(client), "the stack is ready")
    with closing(HTTPConnection("stack")) as kept:
        kept.sock = socket.socket(socket.AF_UNIX)
        kept.sock.settimeout(10)
        kept.sock.connect(str(client.socket))
        for idle in (KEPT + 1, 0.0):
            kept.request("GET", "/v1/endpoints")
            answer = kept.getresponse()
            assert answer.status == 200
            answer.read()
            await asyncio.sleep(idle)  # a client that is asked seldom
    daemon.terminate()
    assert daemon.wait(10) == 0


async def test_the_routes_do_what_they_say(
    tiny_config: StackConfig, client: StackClient, tmp_path: Path
) -> None:
    daemon = start(tiny_config)
    await until(lambda: is_ready(client), "the stack is ready")
    pods = (await client.status())["pods"]
    assert (await client.logs(pods[0]["name"])) != []
    await client.delete_pod(pods[0]["name"], grace=0)
    await until(lambda: is_whole(client, 2), "the pod is replaced")
    await client.scale("tiny", 3)
    await until(lambda: is_whole(client, 3), "three pods are ready")
    reasons = {event["reason"] for event in (await client.events())["events"]}
    assert {"Ready", "Started", "Killing", "Scaled"} <= reasons
    with pytest.raises(StackError, match="2 to 5") as caught:
        await client.scale("tiny", 9)
    assert caught.value.kind == "refused"
    for wrong in (client.logs("nobody"), client.scale("nobody", 2), client.recover_fault("x")):
        with pytest.raises(StackError) as caught:
            await wrong
        assert caught.value.kind == "not_found"
    before = {pod["name"] for pod in (await client.status())["pods"]}
    other = with_a_service(tmp_path / "other")
    for bad, said in (("nobody", "no scenario is called"), (str(other / "k8s"), "cannot read")):
        with pytest.raises(StackError, match=said):
            await client.set_scenario(bad)
    assert not await client.set_scenario(str(other)), "the stack has to be started again for it"
    assert (await client.status())["stack"]["scenario"] == "bands"
    assert {pod["name"] for pod in (await client.status())["pods"]} == before
    assert await client.set_scenario("worldcup")
    await until(lambda: is_renewed(client, before), "all pods are new")
    assert (await client.status())["stack"]["scenario"] == "worldcup"
    await client.down()
    assert daemon.wait(5) == 0

    again = start(tiny_config)
    await until(lambda: is_ready(client), "the stack is ready again")
    assert await is_whole(client, 3), "the requested three pods are kept"
    again.send_signal(signal.SIGTERM)
    assert again.wait(10) == 0


def with_a_service(folder: Path) -> Path:
    """A scenario with a Service of its own."""
    (folder / "k8s").mkdir(parents=True)
    text = file_of("bands").read_text().replace('name = "bands"', 'name = "other"', 1)
    (folder / "scenario.toml").write_text(text)
    (folder / "k8s" / "kustomization.yaml").write_text("resources: [more.yaml]")
    (folder / "k8s" / "more.yaml").write_text(
        "{apiVersion: v1, kind: Service, metadata: {name: more}, "
        "spec: {selector: {tier: front}, ports: [{port: 80}]}}"
    )
    return folder


async def is_whole(client: StackClient, number: int) -> bool:
    status = await client.status()
    ready = [pod for pod in status["pods"] if pod["ready"]]
    return len(status["pods"]) == number == len(ready)


async def is_renewed(client: StackClient, before: set[str]) -> bool:
    pods = (await client.status())["pods"]
    return not before & {pod["name"] for pod in pods} and all(pod["ready"] for pod in pods)
