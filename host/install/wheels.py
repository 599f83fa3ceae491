"""Programs that come as Python wheels, each in an environment of its own.

Nothing of them is imported by the project: a wheel under another licence, or with other
dependencies, stays a program beside it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from host.install.commands import run
from host.install.parts import install
from host.install.progress import Progress
from host.paths import engine_cache

FIX = "Check the network and the package index that pip uses, then start again."


async def wheel_environment(lock: Path, version: str, progress: Progress) -> Path:
    """The environment with the wheels of that lock, whose file is called like the program; made
    when it is missing."""
    name = lock.stem
    folder = wheel_folder(name, version)

    async def make(part: Path) -> None:
        progress(f"{name}: fetching the wheel {version}")
        argv = [sys.executable, "-m", "venv", str(part)]
        await run(
            f"Making an environment for {name}",
            argv,
            part.parent,
            "Install the package python3-venv.",
        )
        argv = [
            str(part / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(lock),
        ]
        await run(f"Installing {name}", argv, part.parent, FIX)

    await install(folder, name, make, progress)
    return folder


def wheel_folder(name: str, version: str) -> Path:
    """Where that environment is; wheels may be built for one version of Python."""
    return engine_cache(name, f"{version}-py{sys.version_info.major}{sys.version_info.minor}")


def site_packages(environment: Path) -> Path:
    """The folder of the wheels' files."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return environment / "lib" / python / "site-packages"


def base_environment() -> dict[str, str]:
    """What a child needs of the surroundings, and nothing that could change its behaviour."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR", "TZ") if key in os.environ}
    return kept | {"LANG": "C.UTF-8"}
