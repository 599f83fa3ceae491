"""Acts on runs that lie on disk: note, name, remove. How a run is named."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer
from controlroom.commands.question import Fact, Question
from controlroom.runs.errors import NoSuchRunError
from controlroom.runs.folder import RunFolder
from controlroom.runs.pinning import add_note, baselines, name_baseline
from controlroom.runs.store import RunStore

PLACE = "this machine"
"""Where runs lie, whatever they acted on."""
LAST = "last"
"""Means the newest run that no other began."""


def folder_of(store: RunStore, what: str) -> RunFolder:
    """The run that an id, its number, `last` or a baseline's name means. Raises NoSuchRunError."""
    if what == LAST:
        newest = next((one for one in store.folders() if not one.owner), None)
        if newest is None:
            raise NoSuchRunError("There are no runs yet.", "`controlroom run -n 1000` starts one.")
        return newest
    named = baselines(store.root).get(what)
    if named is not None:
        return store.folder(named)
    if what.isascii() and what.isdigit():
        what = f"r-{int(what):04d}"
    return store.folder(what)


@dataclass
class NoteRun(Act):
    """Adds a note to a run; it is kept as long as the note is there."""

    what: str
    text: str
    command = "note_run"

    def place(self, here: Here) -> str:
        return PLACE

    async def carry_out(self, here: Here) -> Answer:
        folder = folder_of(here.store, self.what)
        note = add_note(folder.path, self.text)
        return Answer(f"{folder.id} has the note; it is kept now.", data=note)


@dataclass
class NameBaseline(Act):
    """Gives a run a name, which `report --baseline` takes; or takes the name away."""

    name: str
    what: str = ""
    """Empty takes the name away."""
    command = "name_baseline"

    def place(self, here: Here) -> str:
        return PLACE

    async def carry_out(self, here: Here) -> Answer:
        store = here.store
        run = folder_of(store, self.what).id if self.what else None
        name_baseline(store.root, self.name, run)
        said = f"{run} is the baseline {self.name} now, and kept." if run else "It has no name now."
        return Answer(said, data={"name": self.name, "run": run})


@dataclass
class RemoveRuns(Act):
    """Removes runs that are over, with what they kept, and those that they began."""

    runs: Sequence[str]
    gone: Sequence[str] = ()
    command = "remove_runs"

    def facts(self) -> Mapping[str, Any]:
        return {"what": list(self.runs), **({"removed": list(self.gone)} if self.gone else {})}

    def place(self, here: Here) -> str:
        return PLACE

    async def prepare(self, here: Here) -> Question:
        return await asyncio.to_thread(self._question, here.store)

    def _question(self, store: RunStore) -> Question:
        folders = [folder_of(store, one) for one in self.runs]
        self.runs = tuple(dict.fromkeys(one.id for one in folders))
        began = Counter(one.owner for one in store.folders() if one.owner)
        facts: list[Fact] = [("removes", _removed_words(one, began[one.id])) for one in folders]
        names = baselines(store.root)
        facts += [("baseline", f"{name} ({run})") for name, run in names.items()
                  if run in self.runs]  # fmt: skip
        facts += [("noted", one.id) for one in folders if one.noted]
        words = " ".join(self.runs)
        return Question(f"remove · {words}", "Remove", "removed", f"controlroom runs rm {words}",
                        facts=facts)  # fmt: skip

    async def carry_out(self, here: Here) -> Answer:
        return await asyncio.to_thread(self._remove, here.store)

    def _remove(self, store: RunStore) -> Answer:
        gone: list[str] = []
        folders = [folder_of(store, one) for one in self.runs]
        for folder in folders:
            store.refuse_active(folder)
        for folder in folders:
            if folder.path.is_dir():  # else it went with the one that began it
                gone += store.remove(folder)
        for name, run in baselines(store.root).items():
            if run in gone:
                name_baseline(store.root, name, None)
        self.gone = gone
        return Answer(f"Removed: {', '.join(gone)}.", data={"removed": gone})


def _removed_words(folder: RunFolder, began: int) -> str:
    view = folder.read_view()
    more = f", with {began} runs that it began" if began else ""
    return f"{folder.id}: {view.title if view else 'it cannot be read'}{more}"
