"""The ends of a kind of queue."""

from __future__ import annotations

import gc
import importlib
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from scenarios.errors import ScenarioError
from scenarios.scenario import Scenario
from services.queues.port import Publisher, Queue, Receiver
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings, SettingsError
from wire.queues.registry import FOLDERS, queue_kind

End = TypeVar("End")


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


def served(settings: Settings, scenario: Scenario) -> str:
    """The queue that this process serves. Raises SettingsError where the scenario has no such."""
    if not settings.queue:
        return scenario.queue
    if settings.queue not in scenario.queues:
        raise SettingsError(
            f"QUEUE is {settings.queue!r}, which is no queue of the scenario {scenario.name}",
            f"set QUEUE to one of {', '.join(scenario.queues)}, or name it in `queues` there",
        )
    return settings.queue


def side(settings: Settings, scenario: Scenario) -> str:
    """By what the figures of the served queue are told apart; see `Scenario.side`."""
    return scenario.side(served(settings, scenario))


def publishing(
    settings: Settings, scenario: Scenario, lifecycle: Lifecycle
) -> AbstractAsyncContextManager[Publisher]:
    """The publisher of the served queue; see Queue. Raises ScenarioError or SettingsError."""
    queue = queue_of(served(settings, scenario))
    return _kept(queue.publishing(settings, scenario.name, lifecycle))


def receiving(
    settings: Settings, scenario: Scenario, lifecycle: Lifecycle, liveness: Liveness
) -> AbstractAsyncContextManager[Receiver]:
    """The receiver of the served queue; see Queue. Raises ScenarioError or SettingsError."""
    queue = queue_of(served(settings, scenario))
    return _kept(queue.receiving(settings, scenario.name, lifecycle, liveness))


def _kept(end: End) -> End:
    """The client of the queue was brought just now and stays: no collection looks through it."""
    gc.freeze()
    return end


_FIX = f"fix the file ends.py of its folder, or take it out of {FOLDERS}"
