"""All runs of one state folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from controlroom.model.run import Runs, RunView
from controlroom.runs.errors import NoSuchRunError
from controlroom.runs.folder import RunFolder
from host.paths import private_dir, runs_dir

KEPT = 200
"""Runs that stay where nothing else is set."""
_ID = re.compile(r"r-(\d{4,})")


class RunStore:
    """The folder `<state>/runs`. Views of ended runs are remembered, active ones read again."""

    def __init__(self, root: Path | None = None, keep: int = KEPT) -> None:
        self._root = root or runs_dir()
        self._keep = keep
        self._ended: dict[str, RunView] = {}

    @property
    def root(self) -> Path:
        """The folder that holds a folder for each run."""
        return self._root

    def create(self) -> RunFolder:
        """A new empty run. Its id is taken by making the folder, which only one can."""
        private_dir(self._root)
        number = max(self._numbers(), default=0) + 1
        while True:
            path = self._root / f"r-{number:04d}"
            try:
                path.mkdir(mode=0o700)
            except FileExistsError:
                number += 1
            else:
                return RunFolder(path)

    def folder(self, run: str) -> RunFolder:
        """The run of that id. Raises NoSuchRunError."""
        path = self._root / run
        if not _ID.fullmatch(run) or not path.is_dir():
            raise NoSuchRunError(f"There is no run {run}.", "See `controlroom run list`.")
        return RunFolder(path)

    def folders(self) -> list[RunFolder]:
        """All runs, newest first."""
        return [
            RunFolder(self._root / f"r-{number:04d}")
            for number in sorted(self._numbers(), reverse=True)
        ]

    def view(self, run: str) -> RunView | None:
        """What one run looks like now; None when its folder holds nothing readable."""
        if run in self._ended:
            return self._ended[run]
        try:
            view = RunFolder(self._root / run).read_view()
        except FileNotFoundError:
            return None  # removed between two looks
        if view is not None and not view.active and view.state != "lost":
            self._ended[run] = view
        return view

    def runs(self, newest: int | None = None) -> Runs:
        """Active runs first, then the newest ended ones, at most `newest` of these."""
        views = [view for folder in self.folders() if (view := self.view(folder.id)) is not None]
        active = [view for view in views if view.active]
        ended = [view for view in views if not view.active]
        return Runs(tuple(active + (ended if newest is None else ended[:newest])))

    def trim(self) -> list[str]:
        """Removes the oldest runs beyond the number to keep, never one that somebody conducts.

        Answers their ids. A folder leaves the list in one step, before its files go.
        """
        gone = []
        for folder in self.folders()[self._keep :]:
            view = self.view(folder.id)
            try:
                if folder.runner_alive and (view is None or view.active):
                    continue
                leaving = folder.path.rename(self._root / f".{folder.id}")
            except FileNotFoundError:
                continue  # somebody else removes it
            shutil.rmtree(leaving, ignore_errors=True)
            self._ended.pop(folder.id, None)
            gone.append(folder.id)
        return gone

    def active(self) -> list[RunFolder]:
        """Runs that somebody conducts now."""
        return [RunFolder(self._root / view.id) for view in self.runs(0).active]

    def _numbers(self) -> list[int]:
        try:
            names = [entry.name for entry in self._root.iterdir()]
        except FileNotFoundError:
            return []
        return [int(match.group(1)) for name in names if (match := _ID.fullmatch(name))]
