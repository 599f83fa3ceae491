"""What a room that was left says: which runs go on without it."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence

from controlroom.model.run import RunView

WIDTH = 80
MOST = 3
"""Runs that are named."""


def farewell(runs: Sequence[RunView]) -> str:
    """One paragraph about runs that are active; empty where none is."""
    if not runs:
        return ""
    named = "; ".join(_named(run) for run in runs[:MOST])
    more = f"; and {len(runs) - MOST} more" if len(runs) > MOST else ""
    count = "1 run goes on" if len(runs) == 1 else f"{len(runs)} runs go on"
    end = "`controlroom run list` shows them, `controlroom chaos stop --all` ends all."
    return textwrap.fill(f"{count}: {named}{more}. {end}", WIDTH, break_on_hyphens=False)


def _named(run: RunView) -> str:
    until = "" if run.ends_at is None else time.strftime("%H:%M:%S", time.localtime(run.ends_at))
    return f"{run.id}, {run.kind}, {run.title}" + (
        f", until {until} at the latest" if until else ""
    )
