"""Are you sure? By yes or no, or by typing a name, as the safety level asks."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from controlroom.commands.question import Fact
from controlroom.screens.dialog import Dialog, facts_text


class Confirm(Dialog[bool]):
    """Shows the facts; answers True only when it was confirmed."""

    def __init__(
        self, heading: str, facts: Sequence[Fact], verb: str, command: str, typed: str | None = None
    ) -> None:
        super().__init__()
        self.heading = heading
        self.facts = facts
        self.verb = verb
        self.typed = typed
        """What has to be typed; None asks for yes or no."""
        self._command = command

    def command(self) -> str:
        return self._command

    def body(self) -> ComposeResult:
        yield Static(facts_text(self.facts), id="facts")
        if self.typed is not None:
            hint = f"type {self.typed} to confirm"
            yield from self.field("confirm", Input(id="typed", compact=True), hint=hint)

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        words = self.verb if self.typed is not None else f"{self.verb} (y)"
        yield Button(words, id="agree", compact=True, disabled=self.typed is not None)

    def on_mount(self) -> None:
        """The focus is where nothing happens by accident."""
        self.focus_first("#typed" if self.typed is not None else "#cancel")

    def on_input_changed(self, event: Input.Changed) -> None:
        """The button wakes when the name is right."""
        self.query_one("#agree", Button).disabled = event.value.strip() != self.typed

    def on_key(self, event: events.Key) -> None:
        """y and n where no name is asked."""
        if self.typed is None and event.key in ("y", "n"):
            event.stop()
            self.dismiss(event.key == "y")
        else:
            super().on_key(event)

    def agree(self) -> None:
        if self.typed is not None and self.query_one("#typed", Input).value.strip() != self.typed:
            self.problem(f"Type {self.typed} to confirm, or esc to go back.")
            return
        self.dismiss(True)

    def action_back(self) -> None:
        self.dismiss(False)
