"""Which HTTP server costs least: `python -m bench.servers [--seconds 4] [--rounds 3]`.

The same small ASGI application, which reads a body and answers 201, is served by uvicorn with the
producers' own connection, by uvicorn as it comes, and by granian where that is installed
(`pip install granian`). They take turns on one core each, with one event a request on 50
connections. Printed are requests/s, CPU of the server per request, p50 and p99. Nothing is
asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import statistics
import sys
from typing import Any

import psutil
import uvloop

from bench.cost import cpu_seconds
from bench.http_load import Outcome, drive
from bench.processes import answering, free_port, running
from bench.running_stack import print_machine
from services.shared.web import Message, Receive, Send, answer, serving

_CONNECTIONS = 50
_HOST = "127.0.0.1"


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Reads the body and answers 201."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await answer(send, 201, b'{"accepted": 1}')


def ours(port: int) -> None:
    """As the producers serve."""

    async def serve() -> None:
        async with serving(app, _HOST, port, "PORT", whole=True):
            await asyncio.Event().wait()

    uvloop.run(serve())


def uvicorn(port: int) -> None:
    """As it comes, with the same loop and parser."""
    import uvicorn as server

    server.run(app, host=_HOST, port=port, loop="uvloop", http="httptools", access_log=False)


def granian(port: int) -> None:
    """One worker, as it comes."""
    from granian import Granian
    from granian.constants import Interfaces

    wanted: dict[str, Any] = {"address": _HOST, "port": port, "interface": Interfaces.ASGI}
    Granian("bench.servers:app", workers=1, log_access=False, **wanted).serve()


SERVERS = {"uvicorn, our connection": ours, "uvicorn": uvicorn, "granian": granian}


def family(pid: int) -> list[int]:
    """A process and its children: granian's worker is one of its own."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


async def measured(name: str, seconds: float) -> tuple[Outcome, float]:
    """One load on a server of its own, and microseconds of its CPU per request."""
    port = free_port()
    address = f"{_HOST}:{port}"
    argv = [sys.executable, "-m", "bench.servers", "--serve", name, str(port)]
    async with running(argv, [{}]) as (pid,):
        await answering([address])
        await drive([f"http://{address}/"], 1, _CONNECTIONS, 1.0)
        before = cpu_seconds(family(pid))
        outcome = await drive([f"http://{address}/"], 1, _CONNECTIONS, seconds)
        spent = cpu_seconds(family(pid)) - before
    return outcome, spent / max(1, outcome.requests) * 1e6


def main() -> int:
    """Prints the table; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.servers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=2, metavar=("NAME", "PORT"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        SERVERS[args.serve[0]](int(args.serve[1]))
        return 0
    print_machine()
    names = [n for n in SERVERS if n != "granian" or importlib.util.find_spec("granian")]
    rounds: dict[str, list[Any]] = {name: [] for name in names}
    for _ in range(args.rounds):
        for name in names:
            rounds[name].append(asyncio.run(measured(name, args.seconds)))
    print("\n| server | requests/s | CPU us/request | p50 ms | p99 ms |\n|---|---:|---:|---:|---:|")
    for name, found in rounds.items():
        figures = [
            (o.requests / o.seconds, us, o.percentile(0.5), o.percentile(0.99)) for o, us in found
        ]
        rate, cost, p50, p99 = (statistics.median(column) for column in zip(*figures, strict=True))
        print(f"| {name} | {rate:,.0f} | {cost:.0f} | {p50:.1f} | {p99:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
