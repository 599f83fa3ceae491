"""What is kept of a target by itself: its last hours, at a bounded size, and a slice of it for each
run. Whoever holds the lock of the folder writes: the process beside the local stack, else a room.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from msgspec import structs

from controlroom.model.frame import BOOKS, FLEET, GOLDEN, LOG, QUEUES, RUNS, TALLIES
from controlroom.model.log import LogBatch
from controlroom.model.run import Runs
from controlroom.model.samples import Report, Sample
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.file import RecordingFile
from controlroom.recordings.format import SUFFIX, Head, head_member
from controlroom.recordings.reader import Recording

PACE: Mapping[str, float] = {
    GOLDEN.name: 2.0,
    QUEUES.name: 2.0,
    RUNS.name: 2.0,
    TALLIES.name: 5.0,
    BOOKS.name: 5.0,
    FLEET.name: 5.0,
    LOG.name: 5.0,
}
"""Seconds between two reports of a source that are kept."""
LOG_LINES = 20
"""Newest lines that are kept of so many seconds."""
FILE_SECONDS = 1800.0
PARTS = 8
"""A file has at most such a part of all bytes, so that the oldest can go."""
BEFORE, AFTER = 60.0, 60.0
"""Seconds before and after a run that its own recording has."""
KEEPER = "keeper.lock"
"""Held by the process that keeps the hours of the local stack."""
RUN_FILE = f"recording{SUFFIX}"
"""In the folder of a run."""
RUN_BYTES = 32 << 20


def kept_dir(state: Path, target: str) -> Path:
    """The folder of what is kept of a target; it need not exist yet."""
    return state / "history" / quote(target, safe="")


def locked(folder: Path, name: str) -> int:
    """Takes a lock in that folder until what is answered is closed. Raises BlockingIOError where
    somebody else has it, OSError where there can be none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


class Kept:
    """Where reports go that are kept. One writer at a time; it is a `Sink`."""

    full = False

    def __init__(
        self,
        folder: Path,
        head: Callable[[float], Head],
        hours: float,
        most: int,
        folder_of: Callable[[str], Path | None] = lambda run: None,
    ) -> None:
        """`most` in bytes. `folder_of` answers the folder of a run that is of this target. Raises
        BlockingIOError where somebody else writes, OSError where nothing can be written."""
        self._folder, self._head = folder, head
        self._hours, self._most = hours, most
        self._lock = locked(folder, "lock")
        for left in folder.glob(".*.part"):
            left.unlink(missing_ok=True)
        self._file: RecordingFile | None = None
        self._began = 0.0
        self._last: dict[str, float] = {}
        self._skipped = 0
        self._runs = _RunsToKeep(folder_of)

    def write(self, report: Report) -> None:
        """Keeps it, unless one of its source is not old enough."""
        thinned = self._thinned(report)
        if thinned is None:
            return
        if self._file is None or self._is_long(report.at, self._file):
            self._rotate(report.at)
        assert self._file is not None
        self._file.write(thinned)
        if isinstance(report, Sample) and isinstance(report.value, Runs):
            self._runs.look(report.at, report.value)
            if self._runs.due(report.at):
                self._file.end_block()
                self._runs.keep(self._folder, report.at)

    def flush(self) -> None:
        """See `Sink`."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Ends the file, and lets somebody else write."""
        try:
            if self._file is not None:
                self._file.close()
        finally:
            os.close(self._lock)

    def _thinned(self, report: Report) -> Report | None:
        """What is kept of a report; None for one that comes too soon."""
        name = report.source
        batch = report.value if isinstance(report, Sample) else None
        soon = report.at - self._last.get(name, float("-inf")) < PACE.get(name, 1.0) * 0.95
        if not isinstance(batch, LogBatch):
            if soon and isinstance(report, Sample):
                return None
            self._last[name] = report.at
            return report
        self._skipped += batch.skipped
        if soon:
            self._skipped += len(batch.lines)
            return None
        kept = batch.lines[-LOG_LINES:]
        skipped = self._skipped + len(batch.lines) - len(kept)
        self._last[name], self._skipped = report.at, 0
        return Sample(name, report.at, LogBatch(kept, skipped, batch.total))

    def _is_long(self, at: float, file: RecordingFile) -> bool:
        return at - self._began > FILE_SECONDS or file.size > self._most / PARTS

    def _rotate(self, at: float) -> None:
        known = None
        if self._file is not None:
            known = self._file.known
            self._file.close()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(at))
        path = self._folder / f"{stamp}.{int(at % 1 * 1000):03d}{SUFFIX}"
        head = self._head(at)
        periods = {name: max(one, PACE.get(name, 0.0)) for name, one in head.periods.items()}
        self._file = RecordingFile(path, structs.replace(head, periods=periods), known)
        self._began = at
        trim(self._folder, self._hours, self._most - self._most // PARTS, at)


class _RunsToKeep:
    """Runs that ended while somebody watched, until their slice is copied."""

    def __init__(self, folder_of: Callable[[str], Path | None]) -> None:
        self._folder_of = folder_of
        self._seen: set[str] = set()
        self._ends: dict[str, tuple[float, float]] = {}

    def look(self, at: float, runs: Runs) -> None:
        """Notes those that were seen while they went on and are over now."""
        for run in runs.runs:
            if run.active:
                self._seen.add(run.id)
            elif run.ended is not None and run.id in self._seen:
                self._seen.discard(run.id)
                self._ends[run.id] = (run.started - BEFORE, run.ended + AFTER)

    def due(self, at: float) -> bool:
        """Whether there is one of which enough is kept."""
        return any(end <= at for _, end in self._ends.values())

    def keep(self, history: Path, at: float) -> None:
        """Copies what is due into the folders of the runs."""
        for run, (start, end) in list(self._ends.items()):
            folder = self._folder_of(run) if end <= at else None
            if end <= at:
                del self._ends[run]
            if folder is not None:
                # a run that is removed meanwhile, or a full disk, ends nothing else
                with contextlib.suppress(OSError, RecordingError):
                    copy(Recording(history).between(start, end), folder / RUN_FILE, RUN_BYTES)


def copy(recording: Recording, path: Path, most: int) -> None:
    """Writes the blocks of a recording as one file, its oldest left out beyond `most` bytes.
    Raises OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    kept = list(recording.blocks)
    while sum(block.size for block in kept) > most:
        kept.pop(0)
    try:
        part.touch(0o600)  # it holds lines of the log
        with part.open("wb") as file:
            file.write(head_member(recording.head))
            for block in kept:
                with block.path.open("rb") as own:
                    own.seek(block.start)
                    file.write(own.read(block.size))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def trim(folder: Path, hours: float, most: int, now: float) -> None:
    """Removes the oldest files, until the others are young enough and have at most so many bytes
    together; the newest stays."""
    files = sorted(one for one in folder.iterdir() if one.suffix == SUFFIX)
    left = most
    for path in reversed(files):
        with contextlib.suppress(FileNotFoundError):
            stat = path.stat()
            left -= stat.st_size
            old = stat.st_mtime < now - hours * 3600
            if path != files[-1] and (left < 0 or old):
                path.unlink()
