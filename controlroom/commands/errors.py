"""What a person reads of an error, and the exit code that goes with it."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import talk
from controlroom.runs.errors import HeldError, NoAnswerError, RunError
from controlroom.settings import SettingsError
from controlroom.targets.abilities import (
    Refused,
    TargetError,
    UnknownName,
    Unreachable,
    WrongConfig,
)
from host.errors import StackError
from host.paths import state_dir
from scenarios.errors import ScenarioError

STACK_KINDS = {
    "unreachable": Exit.UNREACHABLE,
    "refused": Exit.REFUSED,
    "not_found": Exit.USAGE,
    "failed": Exit.FAILED,
}


def report(error: Exception, argv: Sequence[str]) -> Exit:
    """Says what went wrong and how to fix it; an unexpected error goes to a file in full."""
    code = code_of(error)
    if code is None:
        place = _keep(error, argv)
        talk(f"controlroom: this should not have happened: {type(error).__name__}: {_line(error)}")
        talk(f"  The details are in {place}." if place else "  The details could not be kept.")
        return Exit.FAILED
    talk(f"controlroom: {_line(error)}")
    fix = str(getattr(error, "fix", ""))
    if fix:
        talk(f"  {fix}")
    return code


def code_of(error: Exception) -> Exit | None:
    """The exit code of an error that was foreseen; None for any other."""
    if isinstance(error, CommandError):
        return error.code
    if isinstance(error, Unreachable | NoAnswerError):
        return Exit.UNREACHABLE
    if isinstance(error, HeldError):
        return Exit.REFUSED
    if isinstance(error, SettingsError | ScenarioError | WrongConfig | UnknownName | RunError):
        return Exit.USAGE
    if isinstance(error, Refused):
        return Exit.REFUSED
    if isinstance(error, TargetError):
        return Exit.FAILED
    if isinstance(error, StackError):
        return STACK_KINDS[error.kind]
    return None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _keep(error: Exception, argv: Sequence[str]) -> Path | None:
    """Writes the trace to the log folder; None where that is not possible."""
    folder = state_dir() / "log"
    path = folder / f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = "".join(traceback.format_exception(error))
        verb = next((word for word in argv if not word.startswith("-")), "")
        path.touch(mode=0o600)
        path.write_text(f"controlroom {verb}\n{lines}", "utf-8")
    except OSError:
        return None
    return path
