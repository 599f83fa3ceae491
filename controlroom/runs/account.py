"""What a load process has reported so far, and the result that the run's folder keeps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import msgspec

from controlroom.model.run import RunState
from controlroom.runs.figures import Gathered
from controlroom.runs.report import LoadProgress, parse
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.seconds import SecondsKept
from controlroom.runs.spec import LoadSpec


class LoadAccount:
    """Takes in progress lines, wherever the load process runs."""

    def __init__(
        self,
        run: RunWriter,
        spec: LoadSpec,
        heard: Callable[[LoadProgress], None] = lambda line: None,
    ) -> None:
        """`heard` gets each line that is taken in."""
        self._run = run
        self._heard = heard
        self._spec = spec
        self._seconds = SecondsKept(run.folder.path)
        self._gathered = Gathered(users=spec.users, total=spec.number)
        self._line = 0
        self.final = False
        """Whether the last word has come."""

    def take(self, text: bytes, earlier: bool = False) -> bool:
        """One line; what is no progress, or was read before, is passed over.

        False where lines are missing before it and it was not taken, because they can be had from
        `earlier` in what is read.
        """
        try:
            line = parse(text)
        except msgspec.DecodeError:
            return True
        if line.line_number:
            missing = line.line_number - self._line - 1
            if missing < 0:
                return True
            if missing and earlier:
                return False
            if missing:
                self._run.note("lines were lost", count=missing)
            self._line = line.line_number
        self._add(line)
        return True

    def end(self, why: str) -> None:
        """The last change of the run; `why` is its bound where no last word has come."""
        gathered = self._gathered
        self._seconds.close()
        state: RunState = "failed"
        bound = gathered.error or why
        if self.final and not gathered.error:
            state = "stopped" if gathered.bound == "stopped" else "finished"
            bound = gathered.bound
        self._run.end(state, bound, gathered.result(), load=gathered.figures(over=True))

    def cut(self) -> None:
        """It was stopped without a last word: what is not answered now never is."""
        left = self._gathered.sent - self._gathered.done
        failures = {"no answer when the load ended": left} if left else {}
        self._gathered.add(
            LoadProgress(
                elapsed=self._gathered.elapsed,
                sent=self._gathered.sent,
                total=self._gathered.total,
                failures=failures,
                bound="stopped",
            )
        )
        self.final = True

    def _add(self, line: LoadProgress) -> None:
        if line.error and not line.sent:
            self._gathered.error = line.error
            return
        if self._run.view.state == "starting":
            now = time.time()
            self._run.update(state="running", started=now, ends_at=now + self._spec.timeout)
        self._gathered.add(line)
        self._seconds.take(line)
        self._heard(line)
        self.final = line.final
        if line.acknowledged:
            with self._run.folder.acknowledged.open("a") as file:
                file.write(json.dumps(line.acknowledged, separators=(",", ":")) + "\n")
        closing = line.bound and self._run.view.state == "running"
        state = "stopping" if closing else self._run.view.state
        self._run.update(state=state, load=self._gathered.figures())
