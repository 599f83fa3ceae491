"""The folder of what an open load gave: written while it goes on, readable after any death.

| file | what it holds |
|---|---|
| `seconds.jsonl` | a line for each second of intended starts, when all of its requests are over |
| `histogram.hlog` | an HDR log, an interval for each of the same seconds |
| `result.json` | the totals so far, replaced each second; after a death its `state` is `running` |
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from controlroom.arrivals.histogram import HEAD
from host.errors import StackError
from host.paths import private_dir, write_private

SECONDS, HISTOGRAM, RESULT = "seconds.jsonl", "histogram.hlog", "result.json"


class ResultFolder:
    """Has a thread that writes, because a disk may keep a writer waiting. `second` and `result`
    are for what runs in that thread."""

    def __init__(self, path: Path) -> None:
        self.path = private_dir(path)
        self.error = ""
        """Why something could not be written."""
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._work, name="results")
        self._lines = (path / SECONDS).open("a")
        self._log = (path / HISTOGRAM).open("a")
        self._put(self._log, HEAD)
        self._writer.start()

    def later(self, job: Callable[[], None]) -> None:
        """Has it done in the thread, after all that was given before."""
        self._jobs.put(job)

    def second(self, line: dict[str, Any], interval: str) -> None:
        """Adds a second that is over; `interval` is its line of the log."""
        self._put(self._log, interval)
        self._put(self._lines, json.dumps(line) + "\n")

    def result(self, result: dict[str, Any]) -> None:
        """Replaces the totals."""
        text = json.dumps(result, ensure_ascii=False) + "\n"
        with self._kept():
            write_private(self.path / RESULT, text, lasting=False)

    def close(self) -> None:
        """Returns when all is written that can be."""
        self._jobs.put(None)
        self._writer.join()
        for file in (self._lines, self._log):
            with contextlib.suppress(OSError):
                file.close()

    def _put(self, file: TextIO, text: str) -> None:
        with self._kept():
            file.write(text)
            file.flush()

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        """The load goes on: what the disk has no room for now it may have in a second."""
        try:
            yield
        except (OSError, StackError) as error:
            self.error = f"{self.path} cannot be written: {error}"

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def read_seconds(path: Path) -> list[dict[str, Any]]:
    """The seconds that are whole, by time. A last line that a death cut off is passed over."""
    try:
        lines = (path / SECONDS).read_text().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return sorted((json.loads(one) for one in lines if one.endswith("\n")), key=lambda it: it["t"])


def read_result(path: Path) -> dict[str, Any] | None:
    """The totals as they were last told; None where there are none yet."""
    with contextlib.suppress(FileNotFoundError):
        found: dict[str, Any] = json.loads((path / RESULT).read_bytes())
        return found
    return None
