"""The books name the limit of the real pipeline, and the name follows what is done to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from controlroom.feeds.books import BooksSource
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.limit import Limit
from controlroom.model.books import BooksSample
from controlroom.settings import Settings
from controlroom.targets.local import LocalTarget
from scenarios.loading import load
from tests.feeds.world import vote
from tests.own_stack import OwnStack
from tests.waiting import until

BODY = 20
"""Events of one request: with two senders some 400 a second, which the Python store bears also
where the machine has much else to do. More than it bears, and it is the limit whatever else is."""
DRAINED = 420.0
"""Seconds that the Python store may take for what has queued."""
NAMED = 240.0
"""Seconds until a part is named: consumers first store what they hold of what came before."""
FAULT = """\
apiVersion: chaos-mesh.org/v1alpha1
kind: NetworkChaos
metadata: {{name: {name}, namespace: controlroom}}
spec:
  action: {action}
  mode: all
  selector:
    namespaces: [controlroom]
    labelSelectors: {{app.kubernetes.io/name: consumer}}
  direction: to
  target:
    mode: all
    selector:
      namespaces: [controlroom]
      labelSelectors: {{app.kubernetes.io/name: {engine}}}
  {details}
  duration: 300s
"""
SLOW = "delay: {latency: 3s}"


@pytest.fixture
async def books(stack: OwnStack) -> AsyncIterator[BooksSource]:
    """The books of the room, with the limit."""
    target = LocalTarget.from_settings(Settings(state_dir=stack.state))
    endpoints = LiveEndpoints(target)
    source = BooksSource(endpoints, load("bands"), None, Limit(endpoints))
    await source.open()
    yield source
    await source.close()
    await target.close()


@asynccontextmanager
async def stream(ingress: str) -> AsyncIterator[None]:
    """Votes without end, as fast as they are taken; all are answered when it is over."""
    over = asyncio.Event()

    async def send(client: httpx.AsyncClient) -> None:
        while not over.is_set():
            answer = await client.post("/input", json=[vote()] * BODY)
            assert answer.status_code in (201, 429, 503), answer.text
            await asyncio.sleep(0.1)

    async with httpx.AsyncClient(base_url=ingress, timeout=60) as client:
        senders = asyncio.gather(*(send(client) for _ in range(2)))
        try:
            yield
        finally:
            over.set()
            await senders


@asynccontextmanager
async def fault(stack: OwnStack, file: Path, engine: str, action: str, details: str) -> (
    AsyncIterator[None]
):  # fmt: skip
    """Between all consumers and an engine, while the block runs."""
    text = FAULT.format(name=f"{action}-{engine}", action=action, engine=engine, details=details)
    file.write_text(text)
    words = ("chaos", "run", str(file), "--yes", "--detach", "--json")
    run = (await asyncio.to_thread(stack.run, *words)).json()["id"]
    try:
        yield
    finally:
        await asyncio.to_thread(stack.run, "chaos", "stop", run)


@pytest.mark.timeout(1500)
async def test_the_limit_follows_what_is_slow(
    stack: OwnStack, books: BooksSource, tmp_path: Path
) -> None:
    async def names(part: str) -> BooksSample | None:
        found = await books.read()
        return found if found.limit == part else None

    async def settled() -> bool:
        found = await books.read()
        return found.books.closed and not found.books.in_flight and not found.limit

    file = tmp_path / "fault.yaml"
    async with stream(stack.endpoints()["ingress"]):
        async with fault(stack, file, "redis", "delay", SLOW):
            await until(lambda: names("redis"), "redis is the limit", timeout=NAMED, every=0.3)
        async with fault(stack, file, "mongo", "delay", SLOW):
            await until(lambda: names("documents"), "documents are", timeout=NAMED, every=0.3)
        async with fault(stack, file, "kafka", "partition", ""):
            await until(lambda: names("kafka"), "kafka is the limit", timeout=NAMED, every=0.3)
    await until(settled, "nothing queues, all is counted again", timeout=DRAINED, every=0.3)
