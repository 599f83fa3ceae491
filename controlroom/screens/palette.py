"""The palette: every action of the registry by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from controlroom.commands.command import Command
from controlroom.commands.registry import available


class Actions(Provider):
    """Finds actions; those that a read-only room does not have are not found."""

    def _actions(self) -> tuple[Command, ...]:
        return available(bool(getattr(self.app, "read_only", False)))

    def _run(self, action: Command) -> Callable[[], Awaitable[bool]]:
        return partial(self.app.run_action, f"app.do('{action.id}')")

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in self._actions():
            if action.id != "palette":
                yield DiscoveryHit(self._words(action), self._run(action), help=action.help)

    async def search(self, query: str) -> Hits:
        """Those that match."""
        matcher = self.matcher(query)
        for action in self._actions():
            words = self._words(action)
            score = matcher.match(f"{words} {action.help}")
            if score > 0 and action.id != "palette":
                yield Hit(score, matcher.highlight(words), self._run(action), help=action.help)

    @staticmethod
    def _words(action: Command) -> str:
        return f"{action.title}  ({action.typed})"
