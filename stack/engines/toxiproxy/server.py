"""Runs toxiproxy with a list of proxies that the stack writes.

Killed, it forgets every toxic and every proxy that is not in its file.
"""

from __future__ import annotations

from pathlib import Path

from stack.engines.engine import Progress, require_owner
from stack.engines.prometheus import answer
from stack.engines.toxiproxy.build import VERSION, toxiproxy_program
from stack.install.wheels import base_environment
from stack.paths import engine_dir, private_dir, write_private
from stack.ports import Ports
from stack.spec import ProcessSpec


class Toxiproxy:
    """One server on loopback; its HTTP interface makes and ends toxics."""

    name = "toxiproxy"
    needs: tuple[str, ...] = ()
    version = VERSION
    username = ""

    def __init__(self, state: Path, ports: Ports) -> None:
        self._folder = engine_dir(state, self.name)
        self._ports = ports
        self._port = 0
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
        self._port = self._ports.choose(self.name)

    def spec(self) -> ProcessSpec | None:
        """The list is read at each start, so a restart brings back every proxy, without toxics."""
        return ProcessSpec(
            name=self.name,
            argv=(
                str(self._program),
                "-host",
                "127.0.0.1",
                "-port",
                str(self._port),
                "-config",
                "proxies.json",
            ),
            cwd=self._folder,
            env=base_environment() | {"LOG_LEVEL": "warn"},
        )

    async def ready(self, pid: int) -> None:
        """Its version page, from our child."""
        require_owner(self.name, pid, self._port)
        await answer(self.name, f"{self.address()}/version")

    def address(self) -> str:
        """The base URL of its API."""
        return f"http://127.0.0.1:{self._port}"

    def secret(self) -> str | None:
        """None: it knows no password."""
        return None
