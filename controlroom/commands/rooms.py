"""How rooms that are open, and what was done in them, are told in words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controlroom.commands.registry import commands
from controlroom.commands.table import span, table
from controlroom.runs.rooms import AuditEntry, OpenRoom, rooms_of, with_last

_SUBJECTS = (
    "what", "deployment", "experiment", "split", "run", "fault", "name", "file", "replicas",
)  # fmt: skip
"""Facts of an audit line that say what something was done to, the most telling first."""
_LONGEST = 60


def told(entry: AuditEntry) -> str:
    """`chaos run pod-kill-consumer`, and what came of it where it was not done."""
    verb = next((one.verb for one in commands() if one.id == entry.action.replace(" ", "_")), "")
    subject = next((str(entry.facts[one]) for one in _SUBJECTS if entry.facts.get(one)), "")
    subject = "" if f"--{subject}" in verb.split() else subject
    if "/" in subject:
        subject = Path(subject).stem
    words = " ".join(filter(None, (verb or entry.action, subject)))
    words = words if len(words) <= _LONGEST else words[: _LONGEST - 3] + "..."
    return words if entry.result == "done" else f"{words}: {entry.result}"


def is_news(entry: AuditEntry) -> bool:
    """Whether others want to know at once: a run, a fault, a scaling or the kill switch, begun or
    ended."""
    command = next((one for one in commands() if one.id == entry.action.replace(" ", "_")), None)
    acts = command is not None and command.level != "harmless"
    return acts and entry.result in ("done", "failed")


def of_target(state: Path, target: str) -> tuple[OpenRoom, ...]:
    """The rooms that are open on it on this machine, with what each did last."""
    return with_last(rooms_of(state, (target,)), state, (target,))


def as_data(rooms: Sequence[OpenRoom]) -> list[dict[str, Any]]:
    """For a program."""
    return [
        {
            "pid": room.proof.pid,
            "user": room.person.user,
            "says": {"user": room.person.says, "from": room.where_from},
            "since": room.since,
            "targets": list(room.targets),
            "shown": room.shown,
            "place": room.place,
            "read_only": room.read_only,
            "last": room.last and {"at": room.last.at, "did": told(room.last)},
        }
        for room in rooms
    ]


def shown(rooms: Sequence[OpenRoom], now: float) -> str:
    """A table; empty where no room is open."""
    rows = [
        (
            str(room.person),
            room.where_from and f"says {room.where_from}",
            str(room.proof.pid),
            span(now - room.since),
            room.place,
            "" if room.last is None else f"{told(room.last)}, {span(now - room.last.at)} ago",
        )
        for room in rooms
    ]
    if not rows:
        return ""
    return table(("room of", "from", "pid", "for", "looks at", "did last"), rows, left=6)


def now_shown(state: Path, target: str) -> str:
    """The table of the rooms on that target, after an empty line; empty where there are none."""
    told = shown(of_target(state, target), time.time())
    return f"\n\n{told}" if told else ""
