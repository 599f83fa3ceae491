"""Runs the programs that fetch and build engines."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from host.errors import StackError

BESIDE = {"/usr/local/bin": "/usr/local/sbin", "/usr/bin": "/usr/sbin", "/bin": "/sbin"}
TAIL = 30
"""Lines of output that are kept to explain a failure."""


def find_program(name: str) -> Path | None:
    """The program on PATH or in a system folder that a plain user's PATH leaves out."""
    found = shutil.which(name, path=search_path())
    return Path(found).absolute() if found else None


def needed_program(name: str, instead: str = "", package: str = "") -> Path:
    """The program. `instead`: what can be done without it; `package`: where it has another name.

    Raises StackError.
    """
    found = find_program(name)
    if found is None:
        fix = f"Install the package {package or name}{instead}."
        raise StackError(f"{name} is not on this machine.", fix, "not_found")
    return found


def search_path() -> str:
    """PATH, and for each of the system's folders on it the one for root's programs beside it."""
    path = os.environ.get("PATH", os.defpath)
    beside = [BESIDE[place] for place in path.split(os.pathsep) if place in BESIDE]
    return os.pathsep.join([path, *beside])


async def output_of(*argv: str | Path, timeout: float = 20.0) -> str | None:
    """What a short command prints, both streams; None when it is missing, fails or hangs."""
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError:
        return None
    try:
        text, _ = await asyncio.wait_for(child.communicate(), timeout)
    except TimeoutError:
        child.kill()
        await child.wait()
        return None
    return text.decode(errors="replace") if child.returncode == 0 else None


async def run(
    what: str,
    argv: Sequence[str | Path],
    cwd: Path,
    fix: str,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Runs a command to its end; StackError carries its last lines."""
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=1 << 20,
        )
    except OSError as error:
        raise StackError(f"{what}: {argv[0]} cannot be run ({error.strerror}).", fix) from error
    try:
        lines = await _lines(child, on_line)
        await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise StackError(f"{what} failed: {_reason(lines)}", fix)


def now_and_then(progress: Callable[[str], None], seconds: float = 15.0) -> Callable[[str], None]:
    """Passes on one line in so many seconds, so that a long build is seen to move."""
    last = time.monotonic()

    def on_line(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            progress(line)

    return on_line


async def _lines(
    child: asyncio.subprocess.Process, on_line: Callable[[str], None] | None
) -> Sequence[str]:
    kept: deque[str] = deque(maxlen=TAIL)
    assert child.stdout is not None
    async for raw in child.stdout:
        line = raw.decode(errors="replace").strip()
        if line:
            kept.append(line)
            if on_line:
                on_line(line)
    return kept


def _reason(lines: Sequence[str]) -> str:
    telling = [line for line in lines if "error" in line.lower() or "no space left" in line.lower()]
    chosen = (telling or list(lines))[-3:]
    return " / ".join(chosen)[:600] or "it said nothing."
