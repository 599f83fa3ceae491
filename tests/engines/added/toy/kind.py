"""All that the stack has to know of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from host.doctor.check import Check
from host.install.progress import Progress
from host.install.wheels import base_environment
from host.paths import engine_dir, private_dir, write_private
from host.ports import Ports
from stack.engines.engine import Engine, NotReady, require_owner
from stack.engines.kind import EngineKind, EnginePlace
from stack.engines.secrets import kept_secret
from stack.spec import ProcessSpec

PROGRAM = Path(__file__).with_name("program.py")


class Toy(Engine):
    """One server on loopback; its port and its word are kept."""

    name = "toy"
    version = "1"
    username = "toy"

    def __init__(self, state: Path, ports: Ports) -> None:
        self._folder = engine_dir(state, self.name)
        self._ports = ports
        self._port = 0
        self._secret = ""

    async def prepare(self, progress: Progress) -> None:
        """Chooses its port and draws its word."""
        private_dir(self._folder)
        self._port = self._ports.choose(self.name)
        self._secret = kept_secret(self._folder / "secret")
        write_private(self._folder / "port", str(self._port))

    def spec(self) -> ProcessSpec | None:
        """What it is told stands in its folder."""
        argv = (sys.executable, str(PROGRAM))
        return ProcessSpec(self.name, argv, self._folder, base_environment())

    async def ready(self, pid: int) -> None:
        """Our child gives a line back."""
        require_owner(self.name, pid, self._port)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(f"{self._secret}\nwell?\n".encode())
            said = await reader.readline()
            writer.close()
        except OSError as error:
            raise NotReady(f"toy: {error}") from error
        if said != b"well?\n":
            raise NotReady(f"toy: it says {said!r}")

    def address(self) -> str:
        """A URL of its own making."""
        return f"toy://127.0.0.1:{self._port}"

    def secret(self) -> str | None:
        """The word that it wants to hear first."""
        return self._secret

    def variables(self, account: str) -> Mapping[str, str]:
        """All accounts have the same word."""
        return {"TOY_WORD": self._secret}


class ToyKind(EngineKind):
    """A toy."""

    name = "toy"
    endpoint = "toy"
    variable = "TOY_URL"

    def here(self, place: EnginePlace) -> Engine:
        """The program beside this file."""
        return Toy(place.state, place.ports)

    async def examine(self, state: Path, environ: Mapping[str, str]) -> Sequence[Check]:
        """It needs nothing but Python."""
        return [Check(self.name, PROGRAM.exists(), f"toy at {PROGRAM}.")]
