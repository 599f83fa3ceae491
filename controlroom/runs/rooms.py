"""Which rooms are open on this machine, and what was done by others: files of the state folder.

Each room announces itself by one small file, `rooms/NODE.PID.json`, written again only when what it
says changes. The process is named with the moment it started, so that a room which was killed is
found dead; whoever finds it removes its file. Rooms on other machines are not seen.
"""

from __future__ import annotations

import json
import os
import platform
import pwd
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from controlroom.runs.audit import audit_file, who
from host.errors import StackError
from host.liveness import Proof, proof_of
from host.paths import private_dir, write_private

EVERY = 3.0
"""Seconds between two writings of a room's file at least."""
FOREIGN = 86_400.0
"""Seconds after which a file of another machine goes: its room cannot be asked whether it lives."""
LARGEST = 4096
"""Bytes of a file that is read."""
TAIL = 64 << 10
"""Bytes of the audit that are read at the start; later at most so many of what came."""
KEPT = 200
"""Entries that are kept."""
_PERSONS = ("CONTROLROOM_VISITOR", "SUDO_USER", "USER", "LOGNAME")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit: somebody did something."""

    at: float
    """Seconds since the epoch."""
    pid: int
    """The process that did it; 0 where the line does not say."""
    person: Person
    context: str
    action: str
    """Id of the command, with spaces."""
    facts: Mapping[str, Any]
    result: str
    """done, failed, refused or declined."""

    def on(self, targets: Sequence[str]) -> bool:
        """Whether it was done on one of these."""
        return bool(set(targets).intersection(self.context.split(", ")))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as the kernel and as the environment name them."""

    user: str
    """Name of the uid of the process."""
    says: str = ""
    """Another name that the environment claims; whoever starts a command can write it."""

    def __str__(self) -> str:
        return f"{self.user} (says {self.says})" if self.says else self.user

    @property
    def short(self) -> str:
        """For one word's room: the claimed name has a `?`, for nobody has checked it."""
        return f"{self.says}?" if self.says else self.user


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """A room that is open now."""

    proof: Proof
    person: Person
    where_from: str
    """Where the environment says that the person comes from; empty for this machine."""
    since: float
    """When it was opened, seconds since the epoch."""
    targets: tuple[str, ...]
    shown: str
    """The target that is shown."""
    place: str
    """Panel or page that is looked at."""
    read_only: bool
    last: AuditEntry | None = None
    """What it did last."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a look around found."""

    rooms: tuple[OpenRoom, ...] = ()
    """The others on the same targets, the one that is open for longest first."""
    fresh: tuple[AuditEntry, ...] = ()
    """What was done on these targets since the look before, not by this process."""


@dataclass
class Audit:
    """The end of the audit file, read on from where the reading before ended."""

    path: Path
    entries: deque[AuditEntry] = field(default_factory=lambda: deque(maxlen=KEPT))
    _at: int = -1

    def read_on(self) -> list[AuditEntry]:
        """What was appended since; at the first time nothing is new. Never raises."""
        first = self._at < 0
        try:
            size = self.path.stat().st_size
            if size == self._at:
                return []
            since = max(0, size - TAIL) if first or size < self._at else self._at
            with self.path.open("rb") as file:
                file.seek(max(since, size - TAIL))
                data = file.read(TAIL)
        except OSError:
            self._at = max(self._at, 0)
            return []
        whole = data.rfind(b"\n") + 1
        self._at = max(since, size - TAIL) + whole
        found = [entry for line in data[:whole].splitlines() if (entry := _entry(line)) is not None]
        self.entries.extend(found)
        return [] if first else found


class Announced:
    """This room's file, and the rooms around it. Every call may wait for a disk: not for a loop."""

    def __init__(self, state: Path, targets: Sequence[str]) -> None:
        """`targets` by the names that the audit has for them."""
        self._folder = folder_of(state)
        self._path = self._folder / f"{_node()}.{os.getpid()}.json"
        self._targets = tuple(targets)
        self._since = time.time()
        self._written: tuple[object, ...] = ()
        self._when = 0.0
        self._seen = -1
        self._rooms: tuple[OpenRoom, ...] = ()
        self._audit = Audit(audit_file(state))

    @property
    def entries(self) -> tuple[AuditEntry, ...]:
        """What was done on its targets, by anybody, oldest first; the last ones."""
        return tuple(entry for entry in tuple(self._audit.entries) if entry.on(self._targets))

    def turn(self, shown: str, place: str, read_only: bool = False) -> Around:
        """Says where this room looks and whether it may act, and looks around.
        Never raises for a disk."""
        with suppress(StackError, OSError):
            self._say(shown or self._targets[0], place, read_only)
        fresh = [
            entry
            for entry in self._audit.read_on()
            if entry.on(self._targets) and entry.pid != os.getpid()
        ]
        self._look()
        entries = self.entries
        return Around(tuple(_with_last(room, entries) for room in self._rooms), tuple(fresh))

    def close(self) -> None:
        """Takes the file away."""
        with suppress(OSError):
            self._path.unlink()

    def _say(self, shown: str, place: str, read_only: bool) -> None:
        now, said = time.monotonic(), (shown, place, read_only)
        there = self._path.exists()
        if there and (said == self._written or now - self._when < EVERY):
            return
        mine = proof_of()
        if mine is None:
            return
        whole = {
            "pid": mine.pid,
            "started": mine.started,
            "since": self._since,
            "claimed": who()["claimed"],
            "from": os.environ.get("SSH_CLIENT", "").partition(" ")[0],
            "targets": self._targets,
            "shown": shown,
            "place": place,
            "read_only": read_only,
        }
        private_dir(self._folder)
        write_private(self._path, json.dumps(whole), lasting=False)
        self._written, self._when = said, now

    def _look(self) -> None:
        """Reads the folder again where a file came, went or was replaced; else asks only whether
        those that are known still live."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            self._rooms = ()
            return
        if changed != self._seen or not all(room.proof.alive for room in self._rooms):
            self._seen = changed
            others = rooms_of(self._folder.parent, self._targets)
            self._rooms = tuple(room for room in others if room.proof.pid != os.getpid())


def folder_of(state: Path) -> Path:
    """Where rooms announce themselves."""
    return state / "rooms"


def rooms_of(state: Path, targets: Sequence[str]) -> tuple[OpenRoom, ...]:
    """The rooms of this machine that are open on any of these targets, the oldest first, without
    what they did. Files of dead ones are removed."""
    found = []
    node = _node()
    try:
        paths = list(folder_of(state).glob("*.json"))
    except OSError:
        return ()
    for path in paths:
        name, _, pid = path.stem.rpartition(".")
        if name != node or not pid.isdigit():
            _forget_foreign(path)
            continue
        room = _read(path, int(pid))
        if room is not None and set(targets).intersection(room.targets):
            found.append(room)
    return tuple(sorted(found, key=lambda room: (room.since, room.proof.pid)))


def with_last(
    rooms: Sequence[OpenRoom], state: Path, targets: Sequence[str]
) -> tuple[OpenRoom, ...]:
    """The same with what each did last on these targets, as far as the end of the audit says."""
    audit = Audit(audit_file(state))
    audit.read_on()
    entries = [entry for entry in audit.entries if entry.on(targets)]
    return tuple(_with_last(room, entries) for room in rooms)


def _with_last(room: OpenRoom, entries: Sequence[AuditEntry]) -> OpenRoom:
    mine = (d for d in reversed(entries) if d.pid == room.proof.pid and d.at >= room.since)
    return replace(room, last=next(mine, None))


def _read(path: Path, pid: int) -> OpenRoom | None:
    """What a file says; None for one of a dead process, which is removed, and for nonsense."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(LARGEST))
        proof = Proof(pid, float(told["started"]))
        claimed = told["claimed"]
        room = OpenRoom(
            proof,
            Person("", ""),
            str(told["from"]),
            float(told["since"]),
            tuple(map(str, told["targets"])),
            str(told["shown"]),
            str(told["place"]),
            told["read_only"] is True,
        )
        uid = psutil.Process(pid).uids().real if proof.alive else None
    except psutil.NoSuchProcess:
        uid = None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if uid is None:
        with suppress(OSError):
            path.unlink()
        return None
    return replace(room, person=_person(_name(uid), claimed))


def _forget_foreign(path: Path) -> None:
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > FOREIGN:
            path.unlink()


def _entry(line: bytes) -> AuditEntry | None:
    try:
        told = json.loads(line)
        return AuditEntry(
            float(told["at"]),
            int(told.get("pid", 0)),
            _person(str(told["user"]), told.get("claimed")),
            str(told["context"]),
            str(told["action"]),
            told,
            str(told["result"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _person(user: str, claimed: object) -> Person:
    names = claimed if isinstance(claimed, dict) else {}
    says = next((str(names[each]) for each in _PERSONS if names.get(each)), "")
    return Person(user, says if says != user else "")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _node() -> str:
    """This machine, as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9-]", "-", platform.node()) or "here"
