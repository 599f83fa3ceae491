"""Writes what the board is told, in a thread of its own, so that no disk holds the room up."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import Protocol

from controlroom.model.samples import Report
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.file import RecordingFile
from controlroom.recordings.format import Head

SIZE = 256 << 20
"""Bytes of a recording where nothing else is said."""
WAITING = 20_000
"""Reports that wait at most; those of a disk that stands still are left out, and counted."""
PACE = 1.0
"""Seconds between two turns of the thread."""


class Sink(Protocol):
    """Where reports go."""

    @property
    def full(self) -> bool:
        """Whether it takes no more."""
        ...

    def write(self, report: Report) -> None:
        """Adds one. Raises OSError."""
        ...

    def flush(self) -> None:
        """Gives all to the system. Raises OSError."""
        ...

    def close(self) -> None:
        """Ends it. Raises OSError."""
        ...


class Recorder:
    """`put` never waits. What went wrong is in `trouble`, and nothing is written from then on."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.trouble: OSError | None = None
        self.left_out = 0
        self.full = False
        """Whether the recording has reached its size."""
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether nothing more is written."""
        return self.full or self.trouble is not None

    def put(self, report: Report) -> None:
        """Has one written soon."""
        if self.over:
            return
        if self._reports.qsize() >= WAITING:
            self.left_out += 1
        else:
            self._reports.put(report)

    def close(self, patience: float = 5.0) -> None:
        """Writes what waits and ends; a disk that stands still is left alone after `patience`."""
        self._end.set()
        self._thread.join(patience)

    def _run(self) -> None:
        try:
            while not self._end.wait(PACE):
                self._drain()
            self._drain()
        except OSError as error:
            self.trouble = error
        finally:
            try:
                self._sink.close()
            except OSError as error:
                self.trouble = self.trouble or error

    def _drain(self) -> None:
        # only what is there now, so that a flood does not keep the rest from the disk
        for _ in range(self._reports.qsize()):
            if self._sink.full:
                self.full = True
                return
            self._sink.write(self._reports.get())
        self._sink.flush()


class FileRecorder(Recorder):
    """One that writes a file."""

    def __init__(self, file: RecordingFile) -> None:
        super().__init__(file)
        self.file = file


def begun(path: Path, head: Head, most: int = SIZE) -> FileRecorder:
    """A recorder of a file; one that is there already is left alone, and gets a number more.
    Raises RecordingError."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    try:
        file = RecordingFile(free, head, most=most)
    except OSError as error:
        raise RecordingError(
            f"{free} cannot be written: {error.strerror}.", "Name a file in a folder of yours."
        ) from error
    return FileRecorder(file)
