"""All kinds of queues: those of `wire/queues`, and those of the user's folders."""

from __future__ import annotations

from scenarios.added import Registry
from scenarios.errors import ScenarioError
from scenarios.reading import near
from wire.queues.kind import QueueKind

FOLDERS = "CONTROLROOM_QUEUES"
"""Variable that names folders of more kinds, parted as PATH is: a Python package for each."""
queue_kinds = Registry("wire.queues", FOLDERS, "KIND", QueueKind, folders=True)  # type: ignore[type-abstract]


def queue_kind(name: str) -> QueueKind:
    """The kind of that name, as `queue` in a scenario. Raises ScenarioError."""
    known = queue_kinds()
    if name not in known:
        raise ScenarioError(
            f"no queue is called {name!r}{near(name, list(known))}",
            f"use one of {', '.join(known)}, or name the folder of yours in {FOLDERS}",
        )
    return known[name]
