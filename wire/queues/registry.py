"""All kinds of queues: those of `wire/queues`, and those of the user's folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from scenarios.added import AddedThings
from scenarios.errors import ScenarioError
from scenarios.reading import near
from wire.queues.kind import QueueKind

FOLDERS = "CONTROLROOM_QUEUES"
"""Variable that names folders of more kinds, parted as PATH is: a Python package for each."""
_SHELF = AddedThings("wire.queues", FOLDERS, "KIND", QueueKind, folders=True)  # type: ignore[type-abstract]


def queue_kinds() -> Mapping[str, QueueKind]:
    """Name -> kind. Raises ScenarioError for a folder that cannot be used."""
    return _kinds(os.environ.get(FOLDERS, ""))


def queue_kind(name: str) -> QueueKind:
    """The kind of that name, as `queue` in a scenario. Raises ScenarioError."""
    known = queue_kinds()
    if name not in known:
        raise ScenarioError(
            f"no queue is called {name!r}{near(name, list(known))}",
            f"use one of {', '.join(known)}, or name the folder of yours in {FOLDERS}",
        )
    return known[name]


@cache
def _kinds(folders: str) -> Mapping[str, QueueKind]:
    return _SHELF.things(folders)
