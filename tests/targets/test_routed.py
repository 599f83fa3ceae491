"""Pods are ready a moment before the ingress of a lab hears of them: `deploy` waits for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from controlroom.targets.kubernetes.deploy.doors import FILE, MARK
from controlroom.targets.kubernetes.deploy.rendering import Object
from controlroom.targets.kubernetes.deploy.routed import Ask, Routes, backends_with_pods
from host.install.commands import find_program
from tests.ports import free_port
from tests.waiting import until

pytestmark = pytest.mark.engines

CONFIG = """
global
  stats socket {socket} level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend metrics
  bind 127.0.0.1:{port}
  http-request use-service prometheus-exporter if {{ path /metrics }}
backend votes.http
  server pod1 127.0.0.1:1 disabled
backend reader.http
  server pod1 127.0.0.1:1
"""
VOTES, READER = (
    {"kind": "Service", "metadata": {"name": name, "namespace": "here"}}
    for name in ("votes", "reader")
)
WANTED = {"votes.http": VOTES, "reader.http": READER}


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    """Where haproxy takes commands."""
    return tmp_path / "s"


@pytest.fixture
async def ask(tmp_path: Path, socket: Path) -> AsyncIterator[Ask]:
    """A haproxy of two backends; the one server of `votes` is not there yet."""
    haproxy, port, file = find_program("haproxy"), free_port(), tmp_path / "haproxy.cfg"
    assert haproxy is not None
    file.write_text(CONFIG.format(socket=socket, port=port))
    process = await asyncio.create_subprocess_exec(haproxy, "-db", "-f", file)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:

        async def figures() -> str:
            try:
                return (await client.get("/metrics", params={"scope": "backend"})).text
            except httpx.HTTPError:
                return ""

        await until(figures, "haproxy answers")
        yield figures
    process.terminate()
    await process.wait()


async def command(socket: Path, words: str) -> None:
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write(f"{words}\n".encode())
    await reader.read()
    writer.close()


async def test_a_route_is_waited_for_until_there_is_a_pod_behind_it(ask: Ask, socket: Path) -> None:
    said: list[str] = []
    waiting = asyncio.create_task(Routes(WANTED, ask).wait(60, said.append))
    await until(lambda: said, "it says what it waits for")
    assert said == ["the ingress has not found votes.http yet"]
    assert not waiting.done()
    await command(socket, "set server votes.http/pod1 state ready")
    assert await waiting == []


async def test_a_service_that_the_ingress_does_not_find_is_named(ask: Ask) -> None:
    (left,) = await Routes(WANTED, ask).wait(1, lambda line: None)
    assert (left.kind, left.namespace, left.name) == ("Service", "here", "votes")
    assert "backend votes.http" in left.state


def test_a_service_without_pods_is_not_waited_for() -> None:
    config = {FILE: f"{MARK}backend votes.http\nbackend idle.http\nbackend gone.http\n"}
    objects = [
        {"kind": "ConfigMap", "metadata": {"name": "haproxy"}, "data": config},
        *(service(name) for name in ("votes", "idle", "gone", "elsewhere")),
        deployment("votes", 2),
        deployment("idle", 0),
        deployment("elsewhere", 1),
    ]
    assert {name: one["metadata"]["name"] for name, one in backends_with_pods(objects).items()} == {
        "votes.http": "votes"
    }
    # an ingress controller says by itself what it routes
    assert backends_with_pods(objects[1:]) == {}


def service(name: str) -> Object:
    ports = [{"name": "http", "port": 80}]
    spec = {"selector": {"app": name}, "ports": ports}
    return {"kind": "Service", "metadata": {"name": name, "namespace": "here"}, "spec": spec}


def deployment(name: str, replicas: int) -> Object:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": []}}
    spec = {"replicas": replicas, "template": template}
    return {"kind": "Deployment", "metadata": {"name": name}, "spec": spec}
