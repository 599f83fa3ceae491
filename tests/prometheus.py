"""A Prometheus of a test's own, and a place that it scrapes every second."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from stack.engines.prometheus import prometheus_program
from tests.ports import free_port


@dataclass
class Scraped:
    """Where Prometheus is, and what it finds at its next scrape; empty text is a place that is
    away."""

    url: str
    text: str = ""

    async def where(self) -> str:
        """Its address, as sources ask for it."""
        return self.url


@asynccontextmanager
async def scraping(folder: Path) -> AsyncIterator[Scraped]:
    """Runs both until the block ends."""
    program = await prometheus_program(print)
    port = free_port()
    one = Scraped(f"http://127.0.0.1:{port}")

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if one.text else 503)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(one.text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"127.0.0.1:{server.server_address[1]}"
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"scrape_configs: [{{job_name: test, static_configs: [{{targets: ['{place}']}}]}}]\n"
    )
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield one
    finally:
        process.kill()
        await process.wait()
        server.shutdown()
        server.server_close()


def listening(url: str) -> bool:
    """Whether somebody takes connections there."""
    host, _, port = url.rpartition("/")[2].rpartition(":")
    with socket.socket() as one:
        return one.connect_ex((host, int(port))) == 0
