"""A pane of somebody else's: what goes wrong in it is told in its place, and ends nothing."""

from __future__ import annotations

from textual.strip import Strip

from controlroom.model.frame import Frame
from controlroom.panes import text
from controlroom.panes.pane import Pane, Title


class _Guard(Pane):
    def title(self, frame: Frame, width: int) -> Title:
        try:
            return super().title(frame, width)
        except Exception as error:
            return Title(f"{self.pane_id}: no title ({_said(error)})")

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        try:
            return super().content(frame, width, height)
        except Exception as error:
            lines = text.wrapped(f"This pane cannot be drawn ({_said(error)}).", width)
            return [text.row([(line, self.look.warn)], width, self.look.text) for line in lines]

    def basis(self, frame: Frame) -> tuple[object, ...]:
        try:
            return super().basis(frame)
        except Exception:
            return (frame[self.key], int(frame.now))


def guarded(pane: type[Pane]) -> type[Pane]:
    """The same pane, with its errors as sentences."""
    return pane if issubclass(pane, _Guard) else type(pane.__name__, (_Guard, pane), {})


def _said(error: Exception) -> str:
    return text.clean(f"{type(error).__name__}: {error}")
