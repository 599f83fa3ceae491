"""Builds toxiproxy from its Go module, with a start of our own, into the cache."""

from __future__ import annotations

import shutil
from pathlib import Path

from host.install.commands import run
from host.install.golang import go_program
from host.install.parts import install
from host.install.progress import Progress
from host.paths import engine_cache

VERSION = "2.12.0"
BUILD = f"{VERSION}-socket"
"""Folder in the cache: the version, and the start of ours that it was built with."""
MINIMUM_GO = (1, 24)
MODULE = "github.com/Shopify/toxiproxy/v2"
HERE = Path(__file__).resolve().parent


async def toxiproxy_program(progress: Progress) -> Path:
    """The program in the cache; built there when it is missing."""
    folder = engine_cache("toxiproxy", BUILD)
    await install(folder, "toxiproxy", lambda part: _build(part, progress), progress)
    return folder / "toxiproxy-server"


async def _build(part: Path, progress: Progress) -> None:
    go = await go_program(MINIMUM_GO, progress)
    progress("toxiproxy: building (half a minute, two on a busy machine)")
    module = part / "module"
    module.mkdir()
    for name in ("go.mod", "go.sum", "main.go"):
        shutil.copyfile(HERE / name, module / name)
    argv = [
        str(go),
        "build",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        f"-s -w -X {MODULE}.Version={VERSION}",
        "-o",
        str(part / "toxiproxy-server"),
        ".",
    ]
    env = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}
    fix = "Check the network and the Go module proxy (go env GOPROXY), then start again."
    await run("Building toxiproxy", argv, module, fix, env)
    shutil.rmtree(module)
