"""Gives back each line to whoever begins with the word that stands in its folder."""

from __future__ import annotations

import socketserver
from pathlib import Path


class Session(socketserver.StreamRequestHandler):
    """One client."""

    def handle(self) -> None:
        if self.rfile.readline().strip() == Path("secret").read_bytes().strip():
            for line in self.rfile:
                self.wfile.write(line)


class Server(socketserver.ThreadingTCPServer):
    """On loopback."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(Path("port").read_text())), Session) as server:
        print("serves", flush=True)
        server.serve_forever()
