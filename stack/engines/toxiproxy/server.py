"""Runs toxiproxy with a list of proxies that the stack writes.

Killed, it forgets every toxic and every proxy that is not in its file.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import httpx

from host.install.progress import Progress
from host.install.wheels import base_environment
from host.paths import engine_dir, private_dir, socket_path, write_private
from stack.engines.engine import Engine, NotReady, Silent
from stack.engines.toxiproxy.build import VERSION, toxiproxy_program
from stack.spec import ProcessSpec
from wire.plain_http import trust

UNIX = "unix:"


class Toxiproxy(Engine):
    """One server; its HTTP interface, which makes and ends toxics, is on a unix socket of ours:
    it asks nobody who they are."""

    name = "toxiproxy"
    version = VERSION

    def __init__(self, state: Path) -> None:
        self._folder = engine_dir(state, self.name)
        self.socket = state / "toxiproxy.sock"
        self._program = Path()
        self._text = "[]"

    def configure(self, text: str) -> None:
        """The JSON list of proxies {name, listen, upstream, enabled}; written by `prepare`."""
        self._text = text

    async def prepare(self, progress: Progress) -> None:
        """Finds or builds the program and writes the list of proxies."""
        self._program = await toxiproxy_program(progress)
        private_dir(self._folder)
        write_private(self._folder / "proxies.json", self._text)
        socket_path(self.socket)

    def spec(self) -> ProcessSpec | None:
        """The list is read at each start, so a restart brings back every proxy, without toxics."""
        return ProcessSpec(
            name=self.name,
            argv=(
                str(self._program),
                "-socket",
                str(self.socket),
                "-config",
                "proxies.json",
            ),
            cwd=self._folder,
            env=base_environment(),
        )

    async def ready(self, pid: int) -> None:
        """Its version page, from our child."""
        try:
            if _listener(self.socket) != pid:
                raise NotReady("toxiproxy: another process answers on its socket")
            async with api_client(self.address()) as client:
                (await client.get("/version")).raise_for_status()
        except httpx.TimeoutException as error:
            raise Silent(f"toxiproxy: {type(error).__name__}") from error
        except (OSError, httpx.HTTPError) as error:
            raise NotReady(f"toxiproxy: {error or type(error).__name__}") from error

    def address(self) -> str:
        """`unix:` and the path of its API's socket."""
        return f"{UNIX}{self.socket}"


def api_client(address: str, timeout: float = 5.0) -> httpx.AsyncClient:
    """A client of the API; paths such as `/proxies`."""
    way = httpx.AsyncHTTPTransport(uds=address.removeprefix(UNIX), verify=trust(""))
    return httpx.AsyncClient(
        transport=way, base_url="http://toxiproxy", timeout=timeout, trust_env=False
    )


def _listener(path: Path) -> int:
    """The process that listens there. Raises OSError where none does."""
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(2)
        one.connect(str(path))
        return int(
            struct.unpack("3i", one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        )
