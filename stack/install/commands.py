"""Runs the programs that fetch and build engines."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.errors import StackError

SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
TAIL = 30
"""Lines of output that are kept to explain a failure."""


def find_program(name: str) -> Path | None:
    """The program on PATH or in the system folders that a plain user's PATH leaves out."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SBIN])
    found = shutil.which(name, path=path)
    return Path(found).absolute() if found else None


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
    stdin: bytes | None = None,
) -> str:
    """Runs a command to its end and answers its output; StackError tells the last lines of it."""
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise StackError(f"{what}: {argv[0]} cannot be run ({error.strerror}).", fix) from error
    try:
        raw, _ = await child.communicate(stdin)
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    text = raw.decode(errors="replace")
    if child.returncode != 0:
        raise StackError(f"{what} failed: {_reason(text)}", fix)
    return text


def _reason(text: str) -> str:
    lines = deque((line.strip() for line in text.splitlines() if line.strip()), maxlen=TAIL)
    telling = [line for line in lines if "error" in line.lower()]
    chosen = (telling or list(lines))[-3:]
    return " / ".join(chosen)[:600] or "it said nothing."
