"""The last row: the keys of now, from the registry of actions."""

from __future__ import annotations

from textual.strip import Strip

from controlroom.commands.registry import footer, named, panes
from controlroom.model.frame import Frame
from controlroom.panes import text
from controlroom.panes.pane import Rows
from controlroom.panes.text import Span


class Footer(Rows):
    """At most ten keys; the last ones stay when there is no room for all."""

    only: tuple[str, ...] = ()
    """Commands that alone have a key now; empty: all have."""

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Whether one may act."""
        return (frame.read_only, self.only)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """One row of keys and words."""
        look = self.look
        shown = [named(name) for name in self.only] or footer(frame.read_only)
        items = [(action.label.split()[0], action.title) for action in shown if action.label]
        if width >= 110 and not self.only:
            items.insert(-4, (f"1-{min(9, len(panes()))}", "panel"))
        gap = 3 if width >= 110 else 2
        while sum(len(k) + len(t) + 1 + gap for k, t in items) > width and len(items) > 3:
            items.pop(2)
        spans: list[Span] = [(" ", look.text)]
        for key, title in items:
            spans += [(key, look.key), (f" {title}{' ' * gap}", look.dim)]
        return [text.row(spans, width, look.text)]


class Tabs(Rows):
    """Which panels are on the screen, where not all fit."""

    shown: tuple[str, ...] = ()

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Which panels are shown."""
        return (self.shown,)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """One row of numbers and names; those that are shown are bracketed."""
        look, signs = self.look, self.look.signs
        spans: list[Span] = [(" ", look.text)]
        for n, name in enumerate(panes(), 1):
            if name in self.shown:
                words = f"{signs.left}{n} {name}{signs.right}"
                spans.append((words, look.bright))
            else:
                spans += [(f" {n}", look.key), (f" {name} ", look.dim)]
            spans.append((" ", look.text))
        return [text.row(spans, width, look.text)]


class RuleLine(Rows):
    """A thin line across."""

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Nothing: it never changes."""
        return ()

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """One row."""
        return [text.row([(self.look.signs.rule * width, self.look.frame)], width, self.look.text)]
