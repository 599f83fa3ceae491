"""Clients that send one kind of body again and again: `python -m bench.abusers`, order on stdin.

They are a process of their own, end after the seconds that they were given, and print how many
answers of each status they got.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

import grpc
import uvloop

from bench.worst import GRPC, HTTP, LARGE

HALF = "half-sent, 8 MiB"
BATCH = "/controlroom.v1.Ingest/SendBatch"


async def _post(address: str, name: str, body: bytes, answers: Counter[str]) -> None:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    encoding = "Content-Encoding: gzip\r\n" if name.startswith("gzip") else ""
    length = LARGE if name == HALF else len(body)
    head = f"POST /input HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{encoding}\r\n"
    try:
        while True:
            writer.write(head.encode() + body)
            await writer.drain()
            status = await reader.readline()
            fields = [await reader.readline()]
            while fields[-1].strip():
                fields.append(await reader.readline())
            size = next(int(f.split(b":")[1]) for f in fields if f.startswith(b"content-length"))
            await reader.readexactly(size)
            answers[status.split()[1].decode()] += 1
    finally:
        writer.close()


async def _abuse(address: str, name: str, body: bytes, answers: Counter[str]) -> None:
    """One client, which comes again when it was thrown out."""
    while True:
        try:
            await _post(address, name, body, answers)
        except (OSError, asyncio.IncompleteReadError, IndexError, StopIteration):
            answers["hung up"] += 1
            await asyncio.sleep(0.05)


async def _call(address: str, body: bytes, answers: Counter[str]) -> None:
    options = (("grpc.use_local_subchannel_pool", 1),)
    async with grpc.aio.insecure_channel(address, options) as channel:
        send = channel.unary_unary(BATCH, bytes, bytes)
        while True:
            try:
                await send(body, timeout=30)
                answers["OK"] += 1
            except grpc.aio.AioRpcError as error:
                answers[error.code().name] += 1


async def run(door: str, address: str, name: str, clients: int, seconds: float) -> Counter[str]:
    """The answers that so many clients got in that time."""
    answers: Counter[str] = Counter()
    if name == HALF:
        body = b"[" + b"{}," * (LARGE // 6)
    else:
        body = (GRPC if door == "grpc" else HTTP)[name]()
    tasks = [
        asyncio.create_task(
            _call(address, body, answers)
            if door == "grpc"
            else _abuse(address, name, body, answers)
        )
        for _ in range(clients)
    ]
    print("begun", flush=True)
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return answers


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(**json.loads(sys.stdin.readline())))))
