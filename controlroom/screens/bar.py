"""The command bar: the verbs of the command line, with completion, history and their answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerState

from controlroom.commands.completing import common, complete
from controlroom.commands.line import Known
from controlroom.panes.text import clean
from controlroom.screens.dialog import Dialog

Run = Callable[["BarDialog", str], Awaitable[None]]
MOST_LINES = 2000
"""Lines of answers that are kept; older ones go, and a line says so."""


class BarDialog(Dialog[None]):
    """Stays until it is left, so that one command can follow another."""

    DEFAULT_CSS = """
    BarDialog { align: left bottom; }
    BarDialog > #box { width: 100%; max-width: 100%; }
    BarDialog #body { max-height: 60vh; }
    BarDialog Input { max-width: 100%; width: 100%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", priority=True),
        Binding("up", "older", priority=True),
        Binding("down", "newer", priority=True),
        ("pageup", "page(-1)"),
        ("pagedown", "page(1)"),
    ]
    heading = "command"

    def __init__(
        self, run: Run, known: Known, history: list[str], begun: str = "", at_once: bool = False
    ) -> None:
        super().__init__()
        self.run = run
        self.known = known
        self.history = history
        self.begun = begun
        self.at_once = at_once
        self.lines: list[str] = []
        self._dropped = 0
        self._place = len(history)
        self._work: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """The answers above, the line below."""
        with Vertical(id="box") as box:
            box.border_title = self.heading
            with VerticalScroll(id="body", can_focus=False):
                yield Static("", id="answer")
            yield Input(
                self.begun, id="words", compact=True, select_on_focus=False,
                placeholder="a verb of the command line; tab completes, esc leaves",
            )  # fmt: skip

    @property
    def busy(self) -> bool:
        """Whether a command is under way."""
        return self._work is not None and self._work.is_running

    def on_mount(self) -> None:
        """The line has the focus."""
        self.focus_first("Input")
        if self.at_once:
            self.agree()

    def say(self, text: str) -> None:
        """More of the answer."""
        self.lines += text.split("\n")
        self._dropped += max(0, len(self.lines) - MOST_LINES)
        del self.lines[:-MOST_LINES]
        self._tell()

    def _tell(self) -> None:
        above = [f"… {self._dropped} lines before"] if self._dropped else []
        self.query_one("#answer", Static).update(Content("\n".join(map(clean, above + self.lines))))
        self.query_one("#body").scroll_end(animate=False)

    def agree(self) -> None:
        """Carries out what the line says, where nothing is under way."""
        field = self.query_one(Input)
        text = field.value.strip()
        if not text or (self._work is not None and self._work.is_running):
            return
        if self.history[-1:] != [text]:
            self.history.append(text)
        self._place = len(self.history)
        field.value = ""
        self.say(f": {text}")
        self.keep_keys_a_while()
        self._work = self.run_worker(self._carry_out(text), group="run", exit_on_error=False)

    async def _carry_out(self, text: str) -> None:
        await self.run(self, text)

    def problem(self, sentence: str) -> None:
        """What nobody foresaw is said among the answers."""
        self.say(sentence)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The keys come back."""
        if event.worker.is_finished:
            self.let_keys_in()
        if event.state is WorkerState.CANCELLED:
            self.say("Left; what was asked for may go on.")

    def action_back(self) -> None:
        """What is under way is left; then the bar."""
        if self._work is not None and self._work.is_running:
            self._work.cancel()
        else:
            super().action_back()

    def action_complete(self) -> None:
        """As far as it is clear; then shows what there is."""
        field = self.query_one(Input)
        before, space, _ = field.value.rpartition(" ")
        found = complete(field.value, self.known, self.known.read_only)
        if not found:
            return
        end = " " if len(found) == 1 else ""
        field.value = f"{before}{space}{common(found)}{end}"
        field.cursor_position = len(field.value)
        if len(found) > 1:
            self.say("  ".join(found))

    def action_older(self) -> None:
        """The line before."""
        self._recall(-1)

    def action_newer(self) -> None:
        """The line after."""
        self._recall(1)

    def _recall(self, step: int) -> None:
        self._place = min(max(self._place + step, 0), len(self.history))
        field = self.query_one(Input)
        field.value = "" if self._place == len(self.history) else self.history[self._place]
        field.cursor_position = len(field.value)

    def action_page(self, pages: int) -> None:
        """Through a long answer."""
        body = self.query_one("#body")
        body.scroll_relative(y=pages * body.size.height, animate=False)
