"""All runs of one state folder."""

from __future__ import annotations

import re
import shutil
import time
from itertools import islice
from pathlib import Path

from controlroom.model.run import Runs, RunView
from controlroom.runs.errors import NoSuchRunError, RunActiveError
from controlroom.runs.folder import RunFolder
from controlroom.runs.pinning import baselines
from controlroom.settings import Settings
from host.paths import private_dir, runs_dir

KEPT, KEPT_MIB = 200, 2048
"""Runs that stay where nothing else is set, and what they may take of the disk together."""
LOST_FOR = 10.0
"""Seconds for which a run whose process has died is believed to be so."""
_ID = re.compile(r"r-(\d{4,})")
_SETTLED = 1_000_000_000
"""Nanoseconds after which no change of a folder can have the time of the one before."""


class RunStore:
    """The folder `<state>/runs`. Views of ended runs are remembered, active ones read again."""

    def __init__(
        self, root: Path | None = None, keep: int = KEPT, keep_mib: int = KEPT_MIB
    ) -> None:
        self._root = root or runs_dir()
        self._keep, self._keep_bytes = keep, keep_mib << 20
        self._ended: dict[str, RunView] = {}
        self._lost: dict[str, tuple[float, RunView]] = {}
        """When those whose process has died were read."""
        self._listed: tuple[int, list[str]] = (0, [])
        """When the folder was changed, and what was in it then."""

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
            raise NoSuchRunError(f"There is no run {run}.", "See `controlroom runs list`.")
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

    def look(self, newest: int, most: int, unread: int) -> Runs:
        """The same for who looks again and again: of thousands of runs only those are read that go
        on or are new, at most `unread` of these at a time. `earlier` has the other ended ones, in
        all at most `most`."""
        ids = self._ids()
        views: list[RunView] = []
        for run in ids:
            view = self._ended.get(run) or self._still_lost(run)
            if view is None and unread > 0:
                known = run in self._lost
                view = self.view(run)
                if view is not None and view.state == "lost":
                    self._lost[run] = (time.monotonic(), view)
                unread -= view is not None and not view.active and not known
            if view is not None:
                views.append(view)
        active = [view for view in views if view.active]
        ended = islice((view for view in views if not view.active), most)
        return Runs(
            (*active, *islice(ended, newest)), earlier=tuple(ended), more=max(0, len(ids) - most)
        )

    def trim(self) -> list[str]:
        """Removes the oldest runs beyond the number and the size to keep.

        Never one that somebody conducts or that such a one began, nor one that is pinned: those
        with a note, those that are a baseline, and what these began; they are kept besides the
        others. Answers the ids of those that went.
        """
        gone, count, size = [], 0, 0
        pinned = set(baselines(self._root).values())
        for folder in self.folders():
            try:
                if self._pinned(folder, pinned):
                    continue
                count += 1
                size += folder.size()
                too_much = count > self._keep or size > self._keep_bytes
                if too_much and not self._needed(folder):
                    gone += self._remove(folder)
            except FileNotFoundError:
                continue  # somebody else removes it
        return gone

    def remove(self, folder: RunFolder) -> list[str]:
        """Removes a run that is over, and those that it began. Answers their ids.

        Raises RunActiveError for one that goes on, before anything is removed.
        """
        return [run for one in self.refuse_active(folder) for run in self._remove(one)]

    def refuse_active(self, folder: RunFolder) -> list[RunFolder]:
        """The run and those that it began. Raises RunActiveError where one of them goes on."""
        every = [folder, *(one for one in self.folders() if one.owner == folder.id)]
        for one in every:
            if self._going_on(one):
                raise RunActiveError(
                    f"{one.id} goes on, so nothing was removed.", "End it first, or leave it out."
                )
        return every

    def _pinned(self, folder: RunFolder, named: set[str]) -> bool:
        owner = folder.owner
        if {folder.id, owner} & named or folder.noted:
            return True
        return bool(owner) and RunFolder(self._root / owner).noted

    def _needed(self, folder: RunFolder) -> bool:
        above = RunFolder(self._root / folder.owner) if folder.owner else None
        by_other = above is not None and above.path.is_dir() and self._going_on(above)
        return by_other or self._going_on(folder)

    def _going_on(self, folder: RunFolder) -> bool:
        view = self.view(folder.id)
        return folder.runner_alive and (view is None or view.active)

    def _remove(self, folder: RunFolder) -> list[str]:
        """The folder leaves the list in one step, before its files go."""
        leaving = folder.path.rename(self._root / f".{folder.id}")
        shutil.rmtree(leaving, ignore_errors=True)
        self._ended.pop(folder.id, None)
        return [folder.id]

    def active(self) -> list[RunFolder]:
        """Runs that somebody conducts now."""
        return [RunFolder(self._root / view.id) for view in self.runs(0).active]

    def _still_lost(self, run: str) -> RunView | None:
        """As it was read a moment ago: somebody may end what it has left."""
        at, view = self._lost.get(run, (-LOST_FOR, None))
        return view if time.monotonic() - at < LOST_FOR else None

    def _ids(self) -> list[str]:
        """All runs, newest first; read again when one has come or gone."""
        try:
            changed = self._root.stat().st_mtime_ns
        except FileNotFoundError:
            return []
        if changed != self._listed[0]:
            ids = [f"r-{number:04d}" for number in sorted(self._numbers(), reverse=True)]
            for gone in (self._ended.keys() | self._lost.keys()) - set(ids):
                self._ended.pop(gone, None)
                self._lost.pop(gone, None)
            settled = time.time_ns() - changed > _SETTLED
            self._listed = (changed if settled else 0, ids)
        return self._listed[1]

    def _numbers(self) -> list[int]:
        try:
            names = [entry.name for entry in self._root.iterdir()]
        except FileNotFoundError:
            return []
        return [int(match.group(1)) for name in names if (match := _ID.fullmatch(name))]


def store_of(settings: Settings) -> RunStore:
    """The runs of a state folder, kept as it is set."""
    return RunStore(settings.state_dir / "runs", settings.max_runs, settings.max_runs_mib)
