"""Keys one after the other: what is typed ahead lands where it would have landed typed slowly.

Textual hands a key on and takes the next one before the first is acted on, so that keys which
follow the one that opens a dialog would still meet the screen below it. Here a key is handed on
once everything that the keys before it began has come to its end: every message is handled, and
a dialog that was asked for is on the screen and has its focus.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump

Typed = events.Key | events.Paste
_TURNS = 50
"""Turns of the loop that are given away before it is looked again only now and then."""
_PAUSE = 0.002


class KeyHold:
    """While it is on no key is handed on; one for each course of questions."""

    def __init__(self, changed: Callable[[KeyHold, bool], None]) -> None:
        self._changed = changed

    def on(self) -> None:
        """From now on keys wait."""
        self._changed(self, True)

    def off(self) -> None:
        """Keys go on, as far as this hold is concerned."""
        self._changed(self, False)


class Typeahead:
    """The keys of an app that are not handed on yet."""

    def __init__(self, app: App[Any], hand_on: Callable[[Typed], Awaitable[None]]) -> None:
        self._app = app
        self._hand_on = hand_on
        self._waiting: deque[Typed] = deque()
        self._holds: set[KeyHold] = set()
        self._free = asyncio.Event()
        self._free.set()
        self._task: asyncio.Task[None] | None = None

    @property
    def holding(self) -> bool:
        """Whether a dialog is on its way."""
        return bool(self._holds)

    @property
    def idle(self) -> bool:
        """Whether nothing that was typed is left to be done."""
        return self._task is None or self._task.done()

    def hold(self) -> KeyHold:
        """A hold that is on."""
        hold = KeyHold(self._change)
        hold.on()
        return hold

    def take(self, event: Typed) -> None:
        """Hands it on in its turn."""
        self._waiting.append(event)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="typed keys")

    def close(self) -> None:
        """Nothing is handed on any more."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    def _change(self, hold: KeyHold, on: bool) -> None:
        (self._holds.add if on else self._holds.discard)(hold)
        if self._holds:
            self._free.clear()
        else:
            self._free.set()

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._hand_on(self._waiting.popleft())
                await self._settled()
        except Exception as error:
            self._app._handle_exception(error)

    async def _settled(self) -> None:
        """Returns when nothing is left of what the keys before have begun."""
        turns = 0
        while True:
            await self._free.wait()
            if working := self._searching():
                await asyncio.wait(working)
            elif not any(map(_is_busy, self._pumps())):
                return
            turns += 1
            await asyncio.sleep(0 if turns < _TURNS else _PAUSE)

    def _pumps(self) -> Iterator[MessagePump]:
        yield self._app
        if self._app._screen_stack:
            screen = self._app.screen
            yield screen
            yield from screen.walk_children(with_self=False)

    def _searching(self) -> set[asyncio.Task[Any]]:
        """The palette's search: Enter takes what it finds, not what it found before."""
        from textual.command import CommandPalette

        screen = self._app.screen
        if not isinstance(screen, CommandPalette):
            return set()
        workers = [each for each in self._app.workers if each.node is screen]
        return {w._task for w in workers if w._task is not None and not w._task.done()}


def _is_busy(pump: MessagePump) -> bool:
    """Whether it has messages that are not handled to their end: one that has none waits for them.

    Textual says so nowhere; the tests that type in bursts would fail where this no longer held.
    """
    queue: Any = pump._message_queue
    waits = bool(queue.ready_event._waiters)
    return pump.is_running and not (waits and queue.empty() and not pump._next_callbacks)
