"""What each image is made of and how it is run. The Dockerfiles beside hold the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from host.errors import refused
from host.install.progress import Progress
from host.version import VERSION
from images import engines, python
from images.root import Root

USER = 10001
"""The user and group of every container (k8s/base runs them so too)."""
PLACE = "localhost/controlroom"
"""No registry: a name without a host would be one of a public registry, where `controlroom` may be
anybody's. An image that is missing is then not pulled from a stranger."""
PATH = "/opt/python/bin:/usr/sbin:/usr/bin:/bin"
APP_ENVIRONMENT = {
    "PATH": PATH,
    "PYTHONPATH": "/app:/app/lib",
    "PYTHONUNBUFFERED": "1",
    "SSL_CERT_FILE": "/app/lib/certifi/cacert.pem",
}
PASSWD = f"""\
root:x:0:0:root:/:/bin/false
controlroom:x:{USER}:{USER}:controlroom:/tmp:/bin/sh
"""
GROUP = f"root:x:0:\ncontrolroom:x:{USER}:\n"

SERVICES = ("services", "wire", "scenarios")
LOAD = ("controlroom", "stack", "host", "wire", "scenarios")
ROOM = ("controlroom", "stack", "host", "lab", "wire", "scenarios", "chaos", "k8s")
"""Parts of this checkout that an image holds under /app."""
SERVICES_WHEELS, LOAD_WHEELS, ROOM_WHEELS = "services", "load", "runtime"
"""Files of requirements/."""

Maker = Callable[[Root, Progress], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image. Layers are named, so that images which share one share its bytes."""

    layers: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: {"PATH": PATH})
    folder: str = "/"

    def config(self) -> dict[str, object]:
        """The runtime part of the image's configuration (OCI image specification)."""
        made: dict[str, object] = {
            "User": f"{USER}:{USER}",
            "WorkingDir": self.folder,
            "Env": [f"{name}={value}" for name, value in self.environment.items()],
        }
        if self.entrypoint:
            made["Entrypoint"] = list(self.entrypoint)
        return made


async def _system(root: Root, progress: Progress) -> None:
    root.write("etc/passwd", PASSWD)
    root.write("etc/group", GROUP)
    root.write("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    root.folder_of_all("tmp")


async def _python(root: Root, progress: Progress) -> None:
    python.interpreter(root)


async def _service_wheels(root: Root, progress: Progress) -> None:
    await python.wheels(root, SERVICES_WHEELS, progress)


async def _load_wheels(root: Root, progress: Progress) -> None:
    await python.wheels(root, LOAD_WHEELS, progress)


async def _room_wheels(root: Root, progress: Progress) -> None:
    await python.wheels(root, ROOM_WHEELS, progress)


async def _service_code(root: Root, progress: Progress) -> None:
    python.code(root, SERVICES)


async def _load_code(root: Root, progress: Progress) -> None:
    python.code(root, LOAD)


async def _store_code(root: Root, progress: Progress) -> None:
    python.code(root, ("stack", "host", "wire"))


async def _room_code(root: Root, progress: Progress) -> None:
    python.code(root, ROOM)


LAYERS: Mapping[str, Maker] = {
    "system": _system,
    "python": _python,
    "service-wheels": _service_wheels,
    "service-code": _service_code,
    "load-wheels": _load_wheels,
    "load-code": _load_code,
    "store-code": _store_code,
    "documents": engines.documents,
    "room-wheels": _room_wheels,
    "room-code": _room_code,
    "ssh": engines.ssh,
    "kafka": engines.kafka,
    "redis": engines.redis,
    "prometheus": engines.prometheus,
    "haproxy": engines.haproxy,
}

RECIPES: Mapping[str, Recipe] = {
    "services": Recipe(
        ("system", "python", "service-wheels", "service-code"),
        environment=APP_ENVIRONMENT,
        folder="/app",
    ),
    "load": Recipe(
        ("system", "python", "load-wheels", "load-code"),
        environment=APP_ENVIRONMENT,
        folder="/app",
    ),
    "room": Recipe(
        ("system", "python", "ssh", "room-wheels", "room-code"),
        entrypoint=("/usr/sbin/sshd", "-D", "-e", "-f", "/etc/room/sshd_config"),
        environment=APP_ENVIRONMENT,
        folder="/app",
    ),
    "documents": Recipe(
        ("system", "python", "service-wheels", "store-code", "documents"),
        environment=APP_ENVIRONMENT,
        folder="/app",
    ),
    "kafka": Recipe(("system", "kafka"), environment={"PATH": "/opt/java/bin:" + PATH}),
    "redis": Recipe(("system", "redis")),
    "prometheus": Recipe(("system", "prometheus")),
    "haproxy": Recipe(("system", "haproxy")),
}


def of_scenario(folder: Path) -> tuple[str, Recipe, Maker]:
    """The image of the services with a user's scenario: its name, and its last layer.

    Raises StackError where the folder is none of a scenario.
    """
    try:
        name = tomllib.loads((folder / "scenario.toml").read_text())["name"]
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            raise ValueError(f"its name is {name!r}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{folder} is no folder of a scenario ({type(error).__name__}: {error})"
        raise refused(why, "name one with a scenario.toml that controlroom takes") from error

    async def code(root: Root, progress: Progress) -> None:
        root.tree(folder, f"{python.APP}/scenarios/{name}", (".*",))
        python.compile_all(root, python.APP)

    services = RECIPES["services"]
    layer = f"scenario-{name}"
    return f"services-{name}", replace(services, layers=(*services.layers, layer)), code


def reference(name: str) -> str:
    """The whole name of the image, as manifests ask for it."""
    return f"{PLACE}/{name}:{VERSION}"
