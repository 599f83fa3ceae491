"""What other requests and a producer's memory see of clients that send the worst bodies.

`python -m bench.abuse [--clients 20] [--seconds 5]` brings up a stack of its own and one producer
of each door. For each kind of body it prints, without and beside so many clients that send
nothing else: p50 and p99 of single events that one more client sends, and the peak of the
producer's resident memory. A kind takes `--seconds`, the whole of it some minutes. Nothing is
asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import grpc
import httpx
import psutil

from bench.abusers import HALF
from bench.bodies import grpc_events, http_bodies
from bench.http_load import Outcome
from bench.processes import answering, free_port, running
from bench.running_stack import on_own_stack, print_machine
from bench.setting import Setting
from bench.worst import GRPC, HTTP
from services.pb import controlroom_pb2 as pb
from tests.own_stack import OwnStack

ROOT = Path(__file__).resolve().parent.parent
_PAUSE = 0.02
"""Seconds from an answer to the next of the other requests."""
_IDLE, _LOOK = 0.05, 0.5
"""Share of a core below which a producer has nothing left to do, and seconds of one look at it."""
_PATIENCE = 60.0


class Door(NamedTuple):
    """One producer."""

    name: str
    address: str
    pid: int


class Seen(NamedTuple):
    """What the other requests saw, ms, and the peak of memory, MiB."""

    p50: float
    p99: float
    peak: int
    failed: int


@contextlib.asynccontextmanager
async def _doors(setting: Setting) -> AsyncIterator[list[Door]]:
    async with setting.scratch() as scratch:
        http, server = free_port(), free_port()
        base = {**scratch.env, "ADMIN_PORT": str(free_port()), "POD_NAME": "abused-http"}
        other = {**scratch.env, "ADMIN_PORT": str(free_port()), "POD_NAME": "abused-grpc"}
        module = [sys.executable, "-m"]
        async with (
            running([*module, "services.producer_http"], [base | {"HTTP_PORT": str(http)}]) as one,
            running(
                [*module, "services.producer_grpc.server"], [other | {"GRPC_PORT": str(server)}]
            ) as two,
        ):
            addresses = [f"127.0.0.1:{http}", f"127.0.0.1:{server}"]
            await answering(addresses)
            yield [Door("http", addresses[0], one[0]), Door("grpc", addresses[1], two[0])]


@contextlib.asynccontextmanager
async def _sender(door: Door) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Sends one event; whether it was taken."""
    if door.name == "http":
        body = http_bodies(1)[0]
        async with httpx.AsyncClient(timeout=30) as client:

            async def post() -> bool:
                answer = await client.post(f"http://{door.address}/input", content=body)
                return answer.status_code == 201

            yield post
        return
    event = grpc_events(1)[0].SerializeToString()
    async with grpc.aio.insecure_channel(door.address) as channel:
        send = channel.unary_unary(
            "/controlroom.v1.Ingest/Send", bytes, response_deserializer=pb.Receipt.FromString
        )

        async def call() -> bool:
            try:
                return bool((await send(event, timeout=30)).accepted)
            except grpc.aio.AioRpcError:
                return False

        yield call


async def _look(door: Door, seconds: float) -> Seen:
    """Single events, one after the other, for that long."""
    outcome, process = Outcome(), psutil.Process(door.pid)
    peak = 0
    async with _sender(door) as send:
        ends = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < ends:
            outcome.failures += not await send()
            outcome.latencies.append(time.perf_counter() - begun)
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(_PAUSE)
    return Seen(outcome.percentile(0.5), outcome.percentile(0.99), peak >> 20, outcome.failures)


async def _idle(door: Door) -> None:
    """Returns once the producer has done with what clients left behind when they went."""
    process = psutil.Process(door.pid)
    process.cpu_percent()
    ends = time.perf_counter() + _PATIENCE
    while time.perf_counter() < ends:
        await asyncio.sleep(_LOOK)
        if process.cpu_percent() < 100 * _IDLE:
            return
    raise AssertionError(f"{door.name} is still busy {_PATIENCE:.0f} s after its clients left")


async def _beside(door: Door, kind: str, clients: int, seconds: float) -> tuple[Seen, str]:
    """The same beside the abuse, and what its clients were answered."""
    order = {"door": door.name, "address": door.address, "name": kind, "clients": clients}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.abusers"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(order | {"seconds": seconds}).encode() + b"\n")
    await child.stdin.drain()
    await child.stdout.readline()
    # the first bodies are on their way
    await asyncio.sleep(0.3)
    seen = await _look(door, seconds - 1.0)
    answers = json.loads(await child.stdout.readline() or b"{}")
    await child.wait()
    told = ", ".join(f"{status} x {number:,}" for status, number in sorted(answers.items()))
    return seen, told


async def run(setting: Setting, clients: int, seconds: float, only: str) -> None:
    """Measure each kind at each door and print a row."""
    print(f"\n{clients} clients, {seconds:.0f} s each")
    print(
        "\n| door | body | alone p50 | alone p99 | beside p50 | beside p99 ms | peak MiB | abuse |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---|")
    async with _doors(setting) as doors:
        for door in doors:
            await _look(door, 1.0)
            for kind in [*HTTP, HALF] if door.name == "http" else [*GRPC]:
                if only not in kind:
                    continue
                await _idle(door)
                alone = await _look(door, min(seconds, 2.0))
                beside, told = await _beside(door, kind, clients, seconds)
                failed = f", {beside.failed} of the others failed" if beside.failed else ""
                print(
                    f"| {door.name} | {kind} | {alone.p50:.1f} | {alone.p99:.1f} "
                    f"| {beside.p50:.1f} | {beside.p99:.1f} | {beside.peak} | {told}{failed} |",
                    flush=True,
                )


def main() -> int:
    """Brings a stack up, measures, takes it down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.abuse", description=__doc__)
    parser.add_argument("--clients", type=int, default=20, help="that send the worst bodies")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each kind of body")
    parser.add_argument("--only", default="", help="kinds whose name has this text")
    args = parser.parse_args()

    def measure(stack: OwnStack) -> None:
        setting = Setting(stack, stack.endpoints(), 0.0, 0, 0)
        asyncio.run(run(setting, args.clients, args.seconds, args.only))

    print_machine()
    return on_own_stack(measure)


if __name__ == "__main__":
    sys.exit(main())
