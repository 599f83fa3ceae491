"""The exit code of a run that is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlroom.commands.exits import Exit
from controlroom.model.run import RunState, RunView
from controlroom.runs.experiment_run import GUARD
from controlroom.runs.fault import MAY_BE_LEFT


def code_of_run(
    view: RunView,
    result: Mapping[str, Any],
    interrupted: bool,
    good: tuple[RunState, ...] = ("finished",),
) -> Exit:
    """How it ended; `good` are the states in which its verdict is good. What may be left is louder
    than who ended it."""
    if may_be_left(view):
        return Exit.UNCLEAN
    if interrupted:
        return Exit.INTERRUPTED
    if GUARD in result:
        return Exit.ABORTED
    return Exit.OK if view.state in good else Exit.FAILED


def may_be_left(view: RunView) -> bool:
    """Whether something that it began may still act on the target."""
    return view.state == "lost" or MAY_BE_LEFT in view.bound
