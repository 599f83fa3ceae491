"""What is injected into a real stack shows as exactly that, beside a count of the bench's own.

All requests of an experiment go through a proxy here, which notes when each came, how long its
answer took and what it said. Documents are counted and one is deleted by the bench itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from pymongo import MongoClient

from bench.running_stack import on_own_stack, print_machine
from controlroom.commands.experiment import ready
from controlroom.commands.here import Here
from controlroom.runs.experiment_files import asked, read_experiment
from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import start
from controlroom.settings import Settings
from tests.own_stack import OwnStack
from wire import keys

PLAN = """\
scenario: bands
load: {rate: 40}
phases: {warm_up: 2s, baseline: 6s, fault: 8s, recovery: 4s}
rounds: 1
arms:
  - {name: one%s}
"""
DELAY = """\
apiVersion: chaos-mesh.org/v1alpha1
kind: HTTPChaos
metadata: {name: delay-200, namespace: controlroom}
spec:
  mode: all
  selector:
    namespaces: [controlroom]
    labelSelectors: {app.kubernetes.io/name: producer-http}
  target: Request
  port: 8080
  method: POST
  path: "*"
  delay: 200ms
  duration: 8s
"""
SPLIT = """\
apiVersion: controlroom.io/v1
kind: TrafficSplit
metadata: {name: faulty-5}
spec:
  paths: [/]
  duration: 8s
  branches:
    - {name: http, service: producer-http, port: http, weight: 95}
    - {name: faulty, service: error-injector, port: http, weight: 5, success: 0}
"""
LONGEST = 240.0


@dataclass
class Counter:
    """A proxy in front of the ingress: (when it came, ms until its answer, status)."""

    upstream: str
    seen: list[tuple[float, float, int]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, with one of its own behind it."""
        parts = urlsplit(self.upstream)
        behind, ahead = await asyncio.open_connection(parts.hostname, parts.port)
        gone = (asyncio.IncompleteReadError, ConnectionError)
        with contextlib.suppress(*gone):
            while True:
                request = await _message(reader)
                came = time.time()
                ahead.write(request)
                answer = await _message(behind)
                took = (time.time() - came) * 1000
                self.seen.append((came, took, int(answer.split(b" ", 2)[1])))
                writer.write(answer)
                await writer.drain()
        writer.close()
        ahead.close()

    def within(self, since: float, until: float) -> list[tuple[float, float, int]]:
        """What came then."""
        return [one for one in self.seen if since <= one[0] < until]


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    fields = head.lower().split(b"\r\n")
    length = next((int(f.partition(b":")[2]) for f in fields if f.startswith(b"content-length")), 0)
    return head + await reader.readexactly(length)


def injected_on_engines() -> int:
    """A delay, failures and a deleted document, each in an experiment of its own; the exit code."""
    print_machine()
    return on_own_stack(lambda stack: asyncio.run(_all(stack)))


async def _all(stack: OwnStack) -> None:
    (stack.state / "delay.yaml").write_text(DELAY)
    (stack.state / "split.yaml").write_text(SPLIT)
    print("\n| injected | the result says | the bench counted |\n|---|---|---|", flush=True)
    async with Here(Settings(state_dir=stack.state)) as here:
        for words, arm, told in (
            ("a delay of 200 ms", ", fault: ./delay.yaml", _delay),
            ("5 % of failures", ", split: ./split.yaml", _failures),
            ("nothing", "", _books),
            ("one deleted document", "", _books),
        ):
            one = await _conducted(here, stack, arm, deletes="deleted" in words)
            print(f"| {words} | {told(one)[0]} | {told(one)[1]} |", flush=True)


@dataclass
class Done:
    """An experiment of one block, and what the bench saw of it."""

    block: dict[str, Any]
    counter: Counter
    edges: dict[str, tuple[int, int]]
    """Whole seconds of each phase."""
    load: dict[str, Any]
    stored: int
    deleted: int


def _delay(one: Done) -> tuple[str, str]:
    phases = one.block["phases"]
    told = phases["fault"]["p50"] - phases["baseline"]["p50"]
    base, fault = (
        median(took for _, took, _ in one.counter.within(*one.edges[name]))
        for name in ("baseline", "fault")
    )
    return f"p50 {told:+.1f} ms", f"p50 {fault - base:+.1f} ms"


def _failures(one: Done) -> tuple[str, str]:
    fault = one.block["phases"]["fault"]
    seen = one.counter.within(*one.edges["fault"])
    bad = sum(status >= 400 for _, _, status in seen)
    every = sum(status >= 400 for _, _, status in one.counter.seen)
    return (
        f"{fault['bad']} of {fault['good'] + fault['bad']} in the fault phase, "
        f"{one.load['failed']} of {one.load['sent']} in all",
        f"{bad} of {len(seen)}, {every} of {len(one.counter.seen)}",
    )


def _books(one: Done) -> tuple[str, str]:
    good = sum(status < 400 for _, _, status in one.counter.seen)
    return (
        f"{one.block['lost']} lost, {one.block['doubled']} doubled",
        f"{good} accepted, {one.stored} stored, {one.deleted} deleted",
    )


async def _conducted(here: Here, stack: OwnStack, arm: str, deletes: bool) -> Done:
    file = stack.state / "one.yaml"
    file.write_text(PLAN % arm)
    spec = await ready(asked(*read_experiment(file), file, 60.0, seed=1), here)
    counter = Counter(spec.url)
    server = await asyncio.start_server(counter.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with _documents(stack) as documents:
        before, deleted = documents.count_documents({}), 0
        folder = start(here.store, replace(spec, url=f"http://127.0.0.1:{port}"))
        limit = time.monotonic() + LONGEST
        while (view := folder.read_view()) is not None and view.active:
            phase = (view.figures or {}).get("phase")
            if deletes and not deleted and phase == "recovery":
                # one that is counted already, as whoever deletes one by hand would meet
                found = documents.find_one({}, sort=[("stored", -1)])
                deleted = documents.delete_one({"_id": found["_id"]}).deleted_count
            assert time.monotonic() < limit, f"{folder.id} does not end"
            await asyncio.sleep(0.2)
        stored = documents.count_documents({}) - before
    server.close()
    assert view is not None
    assert view.state == "finished", f"{folder.id}: {view.bound}"
    return _done(here, folder, counter, stored, deleted)


def _done(here: Here, folder: RunFolder, counter: Counter, stored: int, deleted: int) -> Done:
    block = json.loads((folder.path / "blocks.jsonl").read_text().splitlines()[0])
    began = {}
    notes = [json.loads(line) for line in (folder.path / "journal.jsonl").read_text().splitlines()]
    for note in notes:
        if note["event"] == "phase":
            began[note["phase"]] = note["at"]
    edges = {}
    for name, at in began.items():
        if name in block["phases"]:
            first = int(-(-at // 1))
            edges[name] = (first, first + round(block["phases"][name]["seconds"]))
    load = here.store.folder(block["load"]).read_result() or {}
    return Done(block, counter, edges, load, stored, deleted)


@contextmanager
def _documents(stack: OwnStack) -> Iterator[Any]:
    client: MongoClient[dict[str, Any]] = MongoClient(
        stack.endpoints()["mongo"], directConnection=True
    )
    try:
        yield client[keys.DATABASE][keys.logs_collection("bands")]
    finally:
        client.close()
