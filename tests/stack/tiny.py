"""A tiny service for tests: answers its pod's name, and probes that a file can turn bad.

At SIGTERM it ends at once, with whatever it was answering.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(os.environ["TINY_DIR"])
NAME = os.environ["POD_NAME"]
PROBES = ("startz", "readyz", "livez")


class Handler(BaseHTTPRequestHandler):
    """Says who it is; /readyz and /livez are 503 while a file says so, and nothing else is
    answered while there is the file `hold`; `held.POD` says that somebody waits."""

    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # an answer goes out whole, or not at all when the process ends

    def do_GET(self) -> None:
        word = self.path.strip("/").split("/")[0] or "root"
        bad = any((FOLDER / f"{word}{who}").exists() for who in ("", f".{NAME}"))
        while word not in PROBES and (FOLDER / "hold").exists():
            (FOLDER / f"held.{NAME}").touch()
            time.sleep(0.01)
        env = {key: value for key, value in os.environ.items() if key.isupper()}
        body = json.dumps({"pod": NAME, "path": self.path, "env": env}).encode()
        self.send_response(503 if bad else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Says nothing."""


def main() -> None:
    """Serves until SIGTERM; with the argument `stubborn` it does not listen to that."""
    if "stubborn" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    ports = [int(os.environ[name]) for name in ("HTTP_PORT", "ADMIN_PORT") if name in os.environ]
    servers = [ThreadingHTTPServer((os.environ["POD_IP"], port), Handler) for port in ports]
    print(f"{NAME} serves", flush=True)
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
