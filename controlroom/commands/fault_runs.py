"""What the verbs of faults and of splits say of those that are held, and of a run that conducts
one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

from controlroom.commands.ended import code_of_run
from controlroom.commands.exits import Exit
from controlroom.commands.face import emit, emit_json, talk
from controlroom.commands.table import table
from controlroom.model.run import RunView
from controlroom.runs.folder import RunFolder
from controlroom.targets.abilities import FaultStatus
from host.durations import rounded


def show_held(faults: Sequence[FaultStatus], as_json: bool, none: str, hits: str) -> None:
    """Each a row, `hits` above the last column; `none` is said where there are none."""
    if as_json:
        emit_json([asdict(one) for one in faults])
    elif not faults:
        talk(none)
    else:
        head = ("ID", "RUN", "PHASE", "LEFT", "NAME", hits)
        emit(table(head, [_row(one) for one in faults], left=6))


def _row(fault: FaultStatus) -> tuple[str, ...]:
    over = fault.phase == "finished" or fault.ends is None
    left = "-" if over else rounded(max(0.0, (fault.ends or 0.0) - time.time()))
    return fault.id, fault.run, fault.phase, left, fault.name, ", ".join(fault.targets)


def progress(view: RunView, more: str) -> str:
    """How it stands, in a line that ends with `more`."""
    phase = view.chaos.phase if view.chaos is not None else view.state
    left = f"  {rounded(max(0.0, view.ends_at - time.time()))} left" if view.ends_at else ""
    return f"{view.id} {phase}{left}  {more}"


def report(
    folder: RunFolder,
    as_json: bool,
    interrupted: bool,
    more: Callable[[RunView], str],
    unclean: Sequence[str],
) -> Exit:
    """Says how a run has ended: `more` stands behind that, `unclean` is said where something of it
    may be left."""
    view = folder.read_view()
    assert view is not None
    result = folder.read_result()
    code = code_of_run(view, result or {}, interrupted, ("finished", "stopped"))
    if as_json:
        emit_json({**asdict(view), "result": result, "clean": code is not Exit.UNCLEAN})
    else:
        why = "" if view.bound == view.state else f": {view.bound}"
        emit(f"{view.id} {view.state}{why}{more(view)}")
    if code is Exit.UNCLEAN:
        for line in unclean:
            talk(line)
    return code
