"""Keys without any delay between them, and what each of them met."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import events
from textual.keys import _character_to_key

from controlroom.app import ControlRoom
from controlroom.screens.dialog import Dialog
from controlroom.screens.typeahead import Typed
from tests.waiting import until

NAMES = {"\r": "enter", "\x1b": "escape", "\t": "tab", "\x7f": "backspace"}


@dataclass(frozen=True, slots=True)
class Met:
    """A key, and the screen that was at the top when it was handed on."""

    key: str
    screen: int
    """Tells screens of one kind apart."""
    kind: str
    heading: str


def key_event(key: str) -> events.Key:
    """The event that a terminal's driver would send."""
    name = NAMES.get(key, key)
    if len(name) == 1 and not name.isalnum():
        name = _character_to_key(name)
    character = key if len(key) == 1 and unicodedata.category(key) != "Cc" else None
    return events.Key(name, character)


def burst(room: ControlRoom, keys: Iterable[str]) -> None:
    """All of them at once, before the room can look at the first."""
    for key in keys:
        event = key_event(key)
        event.set_sender(room)
        room.post_message(event)


async def handled(room: ControlRoom, seconds: float = 60.0) -> None:
    """Waits until nothing of what was typed is left to be done."""
    await until(lambda: room._message_queue.empty() and room._typeahead.idle, "keys", seconds)


def watched(room: ControlRoom) -> Sequence[Met]:
    """What the keys of this room meet, as it comes."""
    met: list[Met] = []
    typeahead = room._typeahead
    hand_on = typeahead._hand_on

    async def noting(event: Typed) -> None:
        screen = room.screen
        heading = screen.heading if isinstance(screen, Dialog) else ""
        key = getattr(event, "key", "")
        met.append(Met(key, id(screen), type(screen).__name__, heading))
        await hand_on(event)

    typeahead._hand_on = noting
    return met
