"""Runs the machine's own programs, and looks into processes and their namespaces."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from host.errors import StackError
from host.install.commands import search_path

ENVIRONMENT = {
    **os.environ,
    "PATH": search_path(),
    "LANG": "C.UTF-8",
}


async def call(*argv: str, stdin: IO[bytes] | int = subprocess.DEVNULL, text: str = "") -> str:
    """What the command prints. Raises StackError with the line that it complains in.

    `text` is given to its standard input where it is not empty.
    """
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE if text else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise StackError(f"{argv[0]} cannot be run: {error.strerror}.", _FIX) from error
    try:
        out, err = await child.communicate(text.encode() if text else None)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        words = " ".join(argv[:6])
        raise StackError(f"`{words} …` failed: {_reason(err.decode(errors='replace'))}", _FIX)
    return out.decode(errors="replace")


def _reason(said: str) -> str:
    """The first line that names an error, or the last line of all."""
    lines = said.strip().splitlines() or ["it said nothing"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])


_FIX = "See `controlroom lab doctor`."


def entering(pid: int, *namespaces: str) -> tuple[str, ...]:
    """The beginning of a command that runs in the namespaces of a process: `net`, `mount`."""
    return ("nsenter", "--target", str(pid), *(f"--{name}" for name in namespaces), "--")


def first_child(pid: int) -> int | None:
    """The process that it started first, while that lives."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None


def outer_pid(init: int, inner: int) -> int | None:
    """How this machine numbers a child of a namespace's first process."""
    try:
        children = Path(f"/proc/{init}/task/{init}/children").read_text().split()
    except OSError:
        return None
    return next((int(pid) for pid in children if _inner(int(pid)) == inner), None)


def _inner(pid: int) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    ids = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
    return int(ids[-1]) if ids else None


def started(pid: int) -> float | None:
    """When the process started, in clock ticks since boot; None when it is gone.

    Together with the id it identifies a process: a later one may get the same id.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name may hold blanks and brackets, so it counts from the last bracket.
    fields: Sequence[str] = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else float(fields[19])
