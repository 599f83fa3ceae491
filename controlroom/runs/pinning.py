"""What people said of runs: notes, and names of baselines. Runs that have one are not removed."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

from controlroom.runs.audit import who
from controlroom.runs.errors import SpecError
from host.paths import write_private

NOTES = "notes.jsonl"
BASELINES = "baselines.json"
LONGEST_NOTE = 2000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")
_RUN = re.compile(r"r-\d+")


def add_note(folder: Path, text: str) -> dict[str, Any]:
    """Appends a note with who and when. Raises SpecError for an empty or too long one."""
    said = text.strip()
    if not said or len(said) > LONGEST_NOTE:
        raise SpecError(
            "The note is empty." if not said else f"The note has {len(said)} characters.",
            f"Write 1 to {LONGEST_NOTE} characters.",
        )
    note = {"at": time.time(), **who(), "text": said}
    handle = os.open(folder / NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # a line of its own also after one that a death cut
        os.write(handle, ("\n" * _cut(folder / NOTES) + json.dumps(note) + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    return note


def baselines(root: Path) -> dict[str, str]:
    """Name -> id of the run, in the folder of all runs; empty where none is named."""
    try:
        found = json.loads((root / BASELINES).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): run for name, run in found.items() if isinstance(run, str)}


def name_baseline(root: Path, name: str, run: str | None) -> None:
    """Names a run; None takes the name away. Raises SpecError for a name that cannot be one."""
    if not _NAME.fullmatch(name) or _RUN.fullmatch(name):
        raise SpecError(
            f"{name!r} cannot name a baseline.",
            "Use a letter, then letters, digits, dots or dashes, and no id of a run.",
        )
    known = baselines(root)
    if run is None:
        if name not in known:
            raise SpecError(f"No baseline is called {name}.", "See `controlroom runs baseline`.")
        del known[name]
    else:
        known[name] = run
    write_private(root / BASELINES, json.dumps(known, indent=1) + "\n")


def _cut(path: Path) -> bool:
    """Whether the last line lacks its end."""
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except OSError:
        return False
