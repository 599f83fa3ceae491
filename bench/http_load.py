"""A lean HTTP/1.1 load client: raw sockets, one request in flight per connection.

It exists because a general client costs more than the producer that is measured.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Outcome:
    """What one load gave. `seconds` is wall time, `latencies` are in seconds."""

    requests: int = 0
    events: int = 0
    failures: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Accepted events per second."""
        return self.events / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Latency in ms at or below which `share` of the requests were answered."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3 if ordered else 0.0


def _request(url: str, body: bytes) -> tuple[str, int, bytes]:
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return host, port, head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = 0
    for line in head.split(b"\r\n")[1:]:
        if line[:15].lower() == b"content-length:":
            length = int(line[15:])
    if length:
        await reader.readexactly(length)
    return status


async def drive(
    url: str, bodies: list[bytes], events_per_body: int, connections: int, seconds: float
) -> Outcome:
    """Sends bodies in turn over `connections` until `seconds` are over; drains what is open."""
    outcome = Outcome()
    started = time.perf_counter()
    deadline = started + seconds
    turn = iter(range(1 << 62))

    async def one() -> None:
        requests = [_request(url, body) for body in bodies]
        host, port, _ = requests[0]
        reader, writer = await asyncio.open_connection(host, port)
        while (before := time.perf_counter()) < deadline:
            writer.write(requests[next(turn) % len(requests)][2])
            status = await _answer(reader)
            outcome.latencies.append(time.perf_counter() - before)
            outcome.requests += 1
            if status < 300:
                outcome.events += events_per_body
            else:
                outcome.failures += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    outcome.seconds = time.perf_counter() - started
    return outcome
