"""Radio buttons and check boxes that tell by a sign what is chosen, not by a shade."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox, RadioButton


def _signed(button: RadioButton | Checkbox, edges: str) -> Content:
    label = button.label.pad(1, 1).stylize_before(button.get_visual_style("toggle--label"))
    return Content.assemble(f"{edges[0]}{'x' if button.value else ' '}{edges[1]}", label)


class Choice(RadioButton):
    """`(x)` or `( )`."""

    def render(self) -> Content:
        """The sign, then the label."""
        return _signed(self, "()")


class Tick(Checkbox):
    """`[x]` or `[ ]`."""

    def render(self) -> Content:
        """The sign, then the label."""
        return _signed(self, "[]")
