"""The chaos dialog: the experiments of `chaos/`, and what each would hit now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual.app import ComposeResult
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from controlroom.commands.chaos import what
from controlroom.commands.question import Fact, preview_facts
from controlroom.model.frame import Frame
from controlroom.panes.text import clean, time_of_day
from controlroom.runs.catalog import ChaosFile
from controlroom.screens.dialog import PROBLEMS, Dialog, facts_text
from controlroom.targets.abilities import Preview

Look = Callable[[ChaosFile], Awaitable[Preview]]


def running_facts(frame: Frame) -> list[Fact]:
    """What already acts on the world."""
    active = frame.runs.value.active if frame.runs.value else ()
    facts = []
    for run in active:
        until = "" if run.ends_at is None else f" until {time_of_day(run.ends_at)}"
        facts.append(("runs now", f"{run.kind} {run.id}{until}"))
    return facts


class ChaosDialog(Dialog[ChaosFile]):
    """Answers the file that was chosen, once its preview was seen."""

    DEFAULT_CSS = """
    ChaosDialog OptionList { height: auto; max-height: 9; background: transparent; border: none;
        padding: 0; }
    ChaosDialog #facts { height: auto; min-height: 5; margin: 1 0 0 0; }
    """
    heading = "chaos"

    def __init__(self, files: Sequence[ChaosFile], preview: Look) -> None:
        super().__init__()
        self.files = files
        self.preview = preview
        self.seen: dict[str, Preview] = {}
        self.refused: set[str] = set()
        self.wanted = ""
        """Path that was agreed to before its preview was there."""

    def body(self) -> ComposeResult:
        width = max((len(file.name) for file in self.files), default=10)
        options = [
            Option(
                facts_text([(clean(f.name).ljust(width), f"{f.kind} {f.action}")]),
                id=str(n),
                disabled=bool(f.error),
            )
            for n, f in enumerate(self.files)
        ]
        yield OptionList(*options, compact=True)
        yield Static("", id="facts")

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Next", id="agree", compact=True)

    def command(self) -> str:
        file = self.file
        return file.command() if file else "controlroom chaos list"

    @property
    def file(self) -> ChaosFile | None:
        """The highlighted one."""
        if not self.is_mounted:
            return self.files[0] if self.files else None
        place = self.query_one(OptionList).highlighted
        return None if place is None else self.files[place]

    def on_mount(self) -> None:
        """The list has the focus."""
        self.query_one(OptionList).focus()
        bad = next((f"{f.path}: {f.error}" for f in self.files if f.error), "")
        if not self.files:
            self.problem("There is no experiment in chaos/.")
        elif bad:
            self.problem(bad)

    def on_option_list_option_highlighted(self) -> None:
        """Previews what is highlighted; an older question, or wish, is dropped."""
        self.wanted = ""
        self.retell()
        self.run_worker(self._preview(), exclusive=True, group="preview", exit_on_error=False)

    async def _preview(self) -> None:
        file = self.file
        if file is None:
            return
        shown = self.query_one("#facts", Static)
        shown.update(facts_text([what(file), ("hits now", "…")]))
        try:
            preview = await self.preview(file)
        except PROBLEMS as error:
            fix = getattr(error, "fix", "")
            shown.update(facts_text([what(file), ("refused", str(error)), ("fix", fix)]))
            self.refused.add(file.path)
            self.let_keys_in()
            return
        self.seen[file.path] = preview
        shown.update(facts_text([what(file), *preview_facts(preview)]))
        if self.wanted == file.path:
            self.agree()

    def on_option_list_option_selected(self) -> None:
        """Enter goes on to the question."""
        self.agree()

    def agree(self) -> None:
        file = self.file
        preview = self.seen.get(file.path) if file else None
        if file is None or file.path in self.refused:
            self.problem("This fault cannot be injected now; the reason stands above.")
        elif preview is None:
            self.wanted = file.path
            self.keep_keys_a_while()
        else:
            self.dismiss(file)
