"""The ends of a kind of queue."""

from __future__ import annotations

import importlib

from scenarios.errors import ScenarioError
from services.queues.port import Queue
from wire.queues.registry import FOLDERS, queue_kind


def queue_of(name: str) -> Queue:
    """How services use the queue of that name, as `queue` in a scenario. Raises ScenarioError."""
    kind = queue_kind(name)
    place = kind.ends or f"{type(kind).__module__}.ends"
    try:
        found = getattr(importlib.import_module(place), "QUEUE", None)
    except Exception as error:
        why = f"cannot be read ({type(error).__name__}: {error})"
        raise ScenarioError(f"the ends of the queue {name} {why}", _FIX) from error
    if not isinstance(found, Queue):
        raise ScenarioError(f"the ends of the queue {name} hold no QUEUE", _FIX)
    return found


_FIX = f"mend the file ends.py of its folder, or take it out of {FOLDERS}"
