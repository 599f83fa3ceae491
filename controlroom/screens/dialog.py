"""The base of all dialogs: one box in the middle, esc goes back, the equal command is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static
from textual.worker import Worker, WorkerState

from controlroom.commands.exits import CommandError
from controlroom.commands.question import Fact
from controlroom.commands.registry import named
from controlroom.panes.text import clean
from controlroom.runs.errors import RunError
from controlroom.targets.abilities import TargetError

if TYPE_CHECKING:
    from controlroom.screens.typeahead import KeyHold

T = TypeVar("T")
PATIENCE = 2.0
"""Seconds after which keys go to a dialog that still waits for something, so that esc leaves it."""
PROBLEMS = (TargetError, RunError, CommandError, ValueError)
"""What a command raises when it could not be done; each says why."""


def sentence_of(error: Exception) -> str:
    """What is wrong and how to fix it."""
    return f"{error} {getattr(error, 'fix', '')}".strip()


def facts_text(facts: Sequence[Fact]) -> Content:
    """Facts as aligned lines. Text from outside is never markup."""
    lines: list[Content] = []
    for name, words in facts:
        lines.append(Content.assemble((f"{name:<10} ", "$text-muted"), clean(words)))
    return Content("\n").join(lines)


class Dialog(ModalScreen[T], Generic[T]):
    """A box with a title; what is inside comes from `body`, the buttons from `buttons`."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > #box {
        width: 78; max-width: 96%; height: auto; max-height: 96%; padding: 0 1;
        background: $surface; border: round $accent; border-title-color: $accent;
        border-title-style: bold;
    }
    Dialog.plain > #box { border: ascii $accent; }
    Dialog #body { height: auto; max-height: 70vh; scrollbar-size-vertical: 1; }
    Dialog .field { height: 1; }
    Dialog .field > .name { width: 11; color: $text-muted; }
    Dialog .field > .hint { color: $text-muted; padding: 0 1; width: auto; }
    Dialog Input { width: 1fr; max-width: 40; background: $panel; }
    Dialog Input.-invalid { color: $error; }
    Dialog #command { height: auto; color: $accent; }
    Dialog #problem { height: auto; color: $error; text-style: bold; display: none; }
    Dialog #problem.said { display: block; }
    Dialog #buttons { height: 1; align-horizontal: right; margin: 1 0 0 0; }
    Dialog #buttons Button { margin: 0 0 0 3; min-width: 10; }
    Dialog Button:focus { background: $accent; color: $background; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "back")]
    heading = ""
    hold: KeyHold | None = None
    """On while the dialog is on its way, and again from its answer on until the next question."""

    def compose(self) -> ComposeResult:
        """Box, body, command, problem, buttons."""
        with Vertical(id="box") as box:
            box.border_title = Content(clean(self.heading))
            with VerticalScroll(id="body", can_focus=False):
                yield from self.body()
            if self.command():
                yield Static(facts_text([("same as", self.command())]), id="command")
            yield Static("", id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield from self.buttons()

    def on_mount(self) -> None:
        """Keys may come once what the dialog itself has put off is done, its focus above all."""
        self.app.call_later(self.let_keys_in)

    def focus_first(self, selector: str) -> None:
        """The focus is there, unless the room ends while the dialog opens: then there is nothing
        in it any more."""
        if found := self.query(selector):
            found.first().focus()

    def let_keys_in(self) -> None:
        """The keys that were typed ahead go on."""
        if self.hold is not None:
            self.hold.off()

    def keep_keys_out(self) -> None:
        """The keys that follow are for what comes next."""
        if self.hold is not None:
            self.hold.on()

    def keep_keys_a_while(self) -> None:
        """The same, unless what comes next takes long."""
        self.keep_keys_out()
        self.set_timer(PATIENCE, self.let_keys_in)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Gives the answer, once: Textual would take whatever screen is at the top away."""
        if not self.is_active:
            return AwaitComplete.nothing()  # type: ignore[no-any-return, no-untyped-call]
        self.keep_keys_out()
        return super().dismiss(result)

    def body(self) -> ComposeResult:
        """What is between the title and the command."""
        raise NotImplementedError

    def buttons(self) -> ComposeResult:
        """Cancel stands first, so that it has the focus where nothing else takes it."""
        yield Button("Cancel", id="cancel", compact=True)

    def command(self) -> str:
        """The equal command line as the fields stand now; empty when there is none."""
        return ""

    def field(self, name: str, *widgets: Widget, hint: str = "") -> ComposeResult:
        """One row of a form."""
        with Horizontal(classes="field"):
            yield Label(name, classes="name", markup=False)
            yield from widgets
            if hint:
                yield Label(hint, classes="hint", markup=False)

    def retell(self) -> None:
        """Shows the command again after a field has changed."""
        for shown in self.query("#command").results(Static):
            shown.update(facts_text([("same as", self.command())]))

    def problem(self, sentence: str) -> None:
        """Says what is wrong, in the dialog itself."""
        shown = self.query_one("#problem", Static)
        shown.update(Content(clean(sentence)))
        shown.set_class(bool(sentence), "said")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What nobody foresaw is said too, and ends nothing."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            self.let_keys_in()
            self.problem(f"{type(error).__name__}: {error}")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Cancel goes back; any other button agrees."""
        if event.button.id == "cancel":
            self.action_back()
        else:
            self.agree()

    def on_input_submitted(self) -> None:
        """Enter in a field agrees."""
        self.agree()

    def agree(self) -> None:
        """What the button at the right does."""

    def action_back(self) -> None:
        """One step back, nothing is done."""
        self.dismiss(None)

    def on_key(self, event: events.Key) -> None:
        """The panic key works here too, unless a text is being typed."""
        typing = isinstance(self.focused, Input)
        if event.key in named("stop_all").key.split(",") and not typing:
            event.stop()
            self.action_back()
            self.app.call_later(self.app.run_action, "app.do('stop_all')")
