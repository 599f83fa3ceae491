"""Sentences in the corner: each stands there once, and only the newest few do."""

from __future__ import annotations

from textual.app import App
from textual.notifications import Notification, Notify

MOST = 3


class Toasting(App[None]):
    """An application in which a key that is held down fills no screen with sentences."""

    def on_notify(self, event: Notify) -> None:
        """Makes room for one, which Textual adds after this: it takes the place of the same one,
        so that it stays as long as one that is new."""
        there = list(self._notifications)
        others = [one for one in there if _said(one) != _said(event.notification)]
        kept = others[max(0, len(others) - MOST + 1) :]
        for one in there:
            if one not in kept:
                del self._notifications[one]


def _said(one: Notification) -> tuple[str, str]:
    return one.title, one.message
