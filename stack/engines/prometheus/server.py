"""Prometheus: scrapes every second what the stack lists in a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from host.doctor.check import Check
from host.errors import StackError
from host.install.commands import find_program, output_of, run
from host.install.parts import install
from host.install.progress import Progress
from host.install.wheels import base_environment
from host.paths import engine_cache, engine_dir, private_dir, write_private
from host.ports import Ports
from stack.engines.engine import Engine, NotReady, Silent, require_owner, url_with_login
from stack.engines.external import External, split_login
from stack.engines.kind import EngineKind, EnginePlace, program_check
from stack.engines.secrets import bcrypted, kept_secret
from stack.spec import ProcessSpec
from wire.plain_http import http_client

USER = "controlroom"
RETENTION = "24h"
_PATIENCE = 2.0
"""Seconds that it has for one answer."""
CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: linkerd-proxy
    file_sd_configs:
      - files: ["targets/*.json"]
        refresh_interval: 2s
"""


class Prometheus(Engine):
    """One server on loopback; `targets` is its folder of file_sd lists."""

    name = "prometheus"
    username = USER

    def __init__(self, state: Path, ports: Ports) -> None:
        self.version = ""
        self.targets = engine_dir(state, self.name) / "targets"
        self._folder = engine_dir(state, self.name)
        self._ports = ports
        self._port = 0
        self._program = Path()
        self._secret: str | None = None

    async def prepare(self, progress: Progress) -> None:
        """Finds or fetches the program and writes its configuration."""
        self._program = await prometheus_program(progress)
        self.version = _version(await output_of(self._program, "--version") or "")
        private_dir(self._folder / "data")
        private_dir(self.targets)
        write_private(self._folder / "prometheus.yml", CONFIG)
        self._secret = kept_secret(self._folder / "secret")
        login = f"basic_auth_users:\n  {USER}: {bcrypted(self._secret)}\n"
        write_private(self._folder / "web.yml", login)
        self._port = self._ports.choose(self.name)

    def spec(self) -> ProcessSpec | None:
        """Keeps a day of samples."""
        return ProcessSpec(
            name=self.name,
            argv=(
                str(self._program),
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                f"--storage.tsdb.retention.time={RETENTION}",
                f"--web.listen-address=127.0.0.1:{self._port}",
                "--web.config.file=web.yml",
                # a pattern of the origins whose pages may read; it is `.*` by default
                "--web.cors.origin=none",
                "--log.level=warn",
            ),
            cwd=self._folder,
            env=base_environment(),
        )

    async def ready(self, pid: int) -> None:
        """Its own readiness page, from our child."""
        require_owner(self.name, pid, self._port)
        await answer(self.name, f"{url_with_login(self)}/-/ready")

    def address(self) -> str:
        """The base URL of its API."""
        return f"http://127.0.0.1:{self._port}"

    def secret(self) -> str | None:
        """The password that its API asks for."""
        return self._secret


class PrometheusKind(EngineKind):
    """The metrics' server. Services do not wait for it: they only answer it."""

    name = "prometheus"
    rank = 40
    setting = "CONTROLROOM_PROMETHEUS_URL"
    endpoint = "prometheus"
    needed = False

    def here(self, place: EnginePlace) -> Engine:
        """The machine's program, or Debian's package."""
        return Prometheus(place.state, place.ports)

    def elsewhere(self, address: str) -> Engine:
        """A server given by its URL."""
        return external_prometheus(address)

    async def install(self, progress: Progress) -> None:
        """The program."""
        await prometheus_program(progress)

    async def examine(self, state: Path, environ: Mapping[str, str]) -> Sequence[Check]:
        """Debian's package is unpacked where it is not installed."""
        if find_program(self.name) is None:
            unpacked = engine_cache(self.name, "debian")
            if unpacked.exists():
                return [Check(self.name, True, f"prometheus at {unpacked}.")]
            if find_program("apt-get") is not None:
                text = "Not here yet; the first start fetches it with apt-get."
                return [Check(self.name, True, text)]
        return [program_check(self.name, self.name, f", or give a server by {self.setting}")]


def external_prometheus(url: str) -> External:
    """A server given by CONTROLROOM_PROMETHEUS_URL."""
    address, user, secret = split_login(url.rstrip("/"))
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StackError(
            f"CONTROLROOM_PROMETHEUS_URL is not the URL of a Prometheus server: {address}",
            "Give it as http://host:9090, or http://user:password@host:9090.",
            "refused",
        )
    probe = partial(answer, "prometheus", f"{url.rstrip('/')}/-/ready")
    return External("prometheus", address, probe, user, secret)


async def answer(name: str, url: str) -> None:
    """GET answers 200; NotReady says why it did not."""
    try:
        async with http_client(url, _PATIENCE) as client:
            reply = await client.get(url)
    except httpx.TimeoutException as error:
        raise Silent(f"{name}: no answer within {_PATIENCE:.0f} s") from error
    except httpx.HTTPError as error:
        raise NotReady(f"{name}: {error or type(error).__name__}") from error
    if reply.status_code != 200:
        raise NotReady(f"{name}: {reply.status_code} {reply.text.strip()[:200]}")


async def prometheus_program(progress: Progress) -> Path:
    """The program on PATH, else Debian's package unpacked into the cache: no unit, no user."""
    found = find_program("prometheus")
    if found is not None:
        return found
    folder = engine_cache("prometheus", "debian")
    if find_program("apt-get") is not None and find_program("dpkg") is not None:
        await install(folder, "prometheus", lambda part: _unpack(part, progress), progress)
        return folder / "usr" / "bin" / "prometheus"
    raise StackError(
        "prometheus is not on this machine.",
        "Install Prometheus, or give a server by CONTROLROOM_PROMETHEUS_URL.",
        "not_found",
    )


async def _unpack(part: Path, progress: Progress) -> None:
    progress("prometheus: fetching Debian's package")
    fix = "Run apt-get update, or install the package prometheus."
    await run("Fetching prometheus", ["apt-get", "download", "prometheus"], part, fix)
    for package in part.glob("*.deb"):
        await run("Unpacking prometheus", ["dpkg", "-x", package, part], part, fix)
        package.unlink()
    if await output_of(part / "usr" / "bin" / "prometheus", "--version") is None:
        raise StackError("The fetched prometheus does not run here.", fix)


def _version(text: str) -> str:
    words = text.split()
    return words[words.index("version") + 1] if "version" in words[:-1] else ""
