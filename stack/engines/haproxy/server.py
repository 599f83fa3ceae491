"""haproxy: what a Service and an ingress are in a cluster, changed over its runtime socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from host.doctor.check import Check
from host.errors import StackError
from host.install.commands import needed_program, output_of, run
from host.install.progress import Progress
from host.install.wheels import base_environment
from host.paths import engine_dir, private_dir, socket_path, write_private
from host.ports import Ports
from stack.engines.engine import Engine, NotReady, Silent
from stack.engines.kind import EngineKind, EnginePlace, program_check
from stack.refusals import error_lines
from stack.spec import ProcessSpec

BASE = """\
global
  stats socket "{socket}" mode 600 level admin
  maxconn 4000
  hard-stop-after 3s

defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout queue 5s
{errors}

frontend metrics
  bind 127.0.0.1:{port}
  http-request use-service prometheus-exporter if {{ path /metrics }}
"""
SOCKET_EXTRA = len(".4194304.tmp")
"""haproxy first binds a longer name beside the socket and renames it."""


class Haproxy(Engine):
    """One balancer on loopback; `configure` adds frontends and backends to its base."""

    name = "haproxy"

    def __init__(self, state: Path, ports: Ports) -> None:
        self.version = ""
        self.socket = state / "haproxy.sock"
        """The runtime socket, level admin."""
        self._folder = engine_dir(state, self.name)
        self._ports = ports
        self._port = 0
        self._program = Path()
        self._text = ""
        self._files: Mapping[str, str] = {}
        self.lua = False
        """Whether it is built with Lua."""

    def configure(self, text: str, files: Mapping[str, str] | None = None) -> None:
        """Frontends, backends and services to run, and files that they name; takes effect at the
        next `prepare`. Lines with `lua` are left out where it is built without."""
        self._text = text
        self._files = files or {}

    async def prepare(self, progress: Progress) -> None:
        """Finds the program, writes the configuration and has haproxy check it."""
        program = self._program = needed_program(self.name)
        self.version = _version(await output_of(program, "-v") or "")
        socket_path(self.socket.with_name(self.socket.name + "x" * SOCKET_EXTRA))
        private_dir(self._folder)
        self._port = self._ports.choose(self.name)
        base = BASE.format(socket=self.socket, port=self._port, errors=_errors())
        self.lua = "+LUA" in (await output_of(program, "-vv") or "")
        for name, content in self._files.items():
            write_private(self._folder / name, content)
        lines = self._text.splitlines(keepends=True)
        text = "".join(line for line in lines if self.lua or "lua" not in line)
        file = write_private(self._folder / "haproxy.cfg", base + "\n" + text)
        await run(
            "The check of haproxy's configuration",
            [program, "-c", "-q", "-f", file],
            self._folder,
            f"Look at {file}.",
        )

    def spec(self) -> ProcessSpec | None:
        """In the foreground, without a master process."""
        return ProcessSpec(
            name=self.name,
            argv=(str(self._program), "-db", "-f", "haproxy.cfg"),
            cwd=self._folder,
            env=base_environment(),
        )

    async def ready(self, pid: int) -> None:
        """The runtime socket answers with our child's pid."""
        info = await self.ask("show info")
        if f"Pid: {pid}" not in info.splitlines():
            raise NotReady("haproxy: another process answers on its socket")

    async def ask(self, command: str) -> str:
        """One command over the runtime socket. Raises NotReady when nothing answers."""
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_unix_connection(self.socket)
                writer.write(command.encode() + b"\n")
                reply = await reader.read()
                writer.close()
        except TimeoutError as error:
            raise Silent("haproxy: no answer within 2 s") from error
        except OSError as error:
            raise NotReady(f"haproxy: {error}") from error
        return reply.decode(errors="replace")

    async def answer(self, command: str) -> str:
        """As `ask`, for what somebody has asked for. Raises StackError."""
        try:
            return await self.ask(command)
        except NotReady as error:
            raise StackError(
                f"haproxy does not answer: {error}.",
                "It is being restarted; try again in a moment.",
                "unreachable",
            ) from error

    def address(self) -> str:
        """host:port of its own metrics page."""
        return f"127.0.0.1:{self._port}"


class HaproxyKind(EngineKind):
    """The balancer: Services and the ingress. Its socket's mode is what guards it."""

    name = "haproxy"
    rank = 60

    def here(self, place: EnginePlace) -> Engine:
        """The system's program."""
        return Haproxy(place.state, place.ports)

    async def install(self, progress: Progress) -> None:
        """It comes with the system."""
        needed_program(self.name)

    async def examine(self, state: Path, environ: Mapping[str, str]) -> Sequence[Check]:
        """Whether the program is here."""
        return [program_check(self.name, self.name)]


def _errors() -> str:
    return "\n".join(f"  {line}" for line in error_lines())


def _version(text: str) -> str:
    words = text.split()
    return words[words.index("version") + 1] if "version" in words[:-1] else ""
