"""The chaos dialog: the experiments of `chaos/`, and what each would hit now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from controlroom.commands.chaos import StartFault, what
from controlroom.commands.exits import CommandError
from controlroom.commands.question import Fact, preview_facts
from controlroom.model.frame import RUNS, Frame
from controlroom.panes.text import clean, time_of_day
from controlroom.runs.catalog import ChaosFile
from controlroom.screens.dialog import PROBLEMS, Dialog, facts_text, sentence_of
from controlroom.targets.abilities import Preview
from stack.faults.model import MODES

Look = Callable[[StartFault], Awaitable[Preview]]
FIELDS = ("duration", "mode", "value", "target")
"""What can be changed, called like the flags."""
TYPING = 0.15
"""Seconds after a key in a field before anybody is asked what would be hit."""
KEYS = "tab change · enter next · esc back"
_FLAG = re.compile(rf"--({'|'.join(FIELDS)})\b")


def running_facts(frame: Frame) -> list[Fact]:
    """What already acts on the target."""
    runs = frame[RUNS].value
    active = runs.active if runs else ()
    facts = []
    for run in active:
        until = "" if run.ends_at is None else f" until {time_of_day(run.ends_at)}"
        facts.append(("runs now", f"{run.kind} {run.id}{until}"))
    return facts


class ChaosDialog(Dialog[StartFault]):
    """Answers the fault that was chosen, with what was changed of it, once its preview was seen."""

    DEFAULT_CSS = """
    ChaosDialog OptionList { height: auto; max-height: 20vh; background: transparent; border: none;
        padding: 0; }
    ChaosDialog #fields { height: 2; margin: 1 0 0 0; }
    ChaosDialog #facts { height: auto; min-height: 5; }
    ChaosDialog #buttons Button { margin: 0 0 0 1; }
    ChaosDialog #keys { width: 1fr; height: 1; color: $text-muted; }
    """
    heading = "chaos"

    def __init__(self, files: Sequence[ChaosFile], preview: Look) -> None:
        super().__init__()
        self.files = files
        self.preview = preview
        self.seen: dict[str, StartFault] = {}
        """Command line -> what was previewed for it."""
        self.refused: dict[str, Exception] = {}
        self.wanted = ""
        """Command line that was agreed to before its preview was there."""

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
        with Vertical(id="fields"):
            for row in (FIELDS[:2], FIELDS[2:]):
                with Horizontal(classes="field"):
                    for name in row:
                        yield Label(name, classes="name", markup=False)
                        suggester = SuggestFromList(MODES) if name == "mode" else None
                        yield Input("", id=name, compact=True, suggester=suggester)
        yield Static("", id="facts")

    def buttons(self) -> ComposeResult:
        yield Static(KEYS, id="keys", markup=False)
        yield from super().buttons()
        yield Button("Next", id="agree", compact=True)

    def command(self) -> str:
        if self.file is None:
            return "controlroom chaos list"
        try:
            return self.act(self.file).line(self.file)
        except CommandError:
            return self.file.command()

    @property
    def file(self) -> ChaosFile | None:
        """The highlighted one."""
        if not self.is_mounted:
            return self.files[0] if self.files else None
        place = self.query_one(OptionList).highlighted
        return None if place is None else self.files[place]

    def act(self, file: ChaosFile) -> StartFault:
        """The fault as the fields stand. Raises CommandError."""
        given = {one.id: one.value.strip() for one in self.query(Input)} if self.is_mounted else {}
        texts = [given.get(name, "") for name in FIELDS[1:]]
        act = StartFault.of(file.reference, given.get("duration") or None, *texts)
        act.entry = file
        return act

    def on_mount(self) -> None:
        """The list has the focus."""
        self.focus_first("OptionList")
        bad = next((f"{f.path}: {f.error}" for f in self.files if f.error), "")
        if not self.files:
            self.problem("There is no experiment in chaos/.")
        elif bad:
            self.problem(bad)

    def on_option_list_option_highlighted(self) -> None:
        """Previews what is highlighted, as its file has it."""
        file = self.file
        own = {} if file is None else file.manifest.get("spec") or {}
        with self.prevent(Input.Changed):
            for field in self.query(Input):
                field.value = ""
                field.placeholder = clean(str(own.get(field.id) or ""))
        if file is not None:
            self.query_one("#target", Input).placeholder = clean(file.deployment)
            if file.duration is None:
                self.query_one("#duration", Input).placeholder = "over at once"
        self._follow(0.0)

    def on_input_changed(self) -> None:
        """Command and preview follow the fields."""
        self.problem("")
        self._follow(TYPING)

    def _follow(self, after: float) -> None:
        """Previews the manifest that is chosen now; an older preview or request is dropped."""
        self.wanted = ""
        self.retell()
        self.run_worker(self._preview(after), exclusive=True, group="preview", exit_on_error=False)

    async def _preview(self, after: float) -> None:
        file = self.file
        if file is None:
            return
        shown = self.query_one("#facts", Static)
        key = self._key()
        self.refused.pop(key, None)
        shown.update(facts_text([what(file), ("hits now", "…")]))
        await asyncio.sleep(after)
        act: StartFault | None = None
        try:
            act = self.act(file)
            preview = await self.preview(act)
        except PROBLEMS as error:
            meant = file if act is None else act.entry or file
            fix = getattr(error, "fix", "")
            facts = [("refused", _plain(str(error))), ("fix", _plain(fix))]
            shown.update(facts_text([what(meant), *facts]))
            self.refused[key] = error
            if self.wanted == key:
                self.agree()
            self.let_keys_in()
            return
        self.seen[key] = act
        shown.update(facts_text([what(act.entry or file), *preview_facts(preview)]))
        if self.wanted == key:
            self.agree()

    def _key(self) -> str:
        """What stands there, in one text."""
        return "\n".join([self.command(), *(field.value for field in self.query(Input))])

    def on_option_list_option_selected(self) -> None:
        """Enter goes on to the question."""
        self.agree()

    def agree(self) -> None:
        key = self._key()
        act, error = self.seen.get(key), self.refused.get(key)
        if error is not None or self.file is None:
            self._refuse(error)
        elif act is None:
            self.wanted = key
            self.keep_keys_a_while()
        else:
            self.dismiss(act)

    def _refuse(self, error: Exception | None) -> None:
        """Says why, with the field that is meant where it is one of these."""
        sentence = "" if error is None else sentence_of(error)
        named = _FLAG.search(sentence)
        if named is None:
            self.problem("This fault cannot be injected now; the reason stands above.")
            return
        self.problem(_plain(sentence))
        self.query_one(f"#{named[1]}", Input).focus()


def _plain(sentence: str) -> str:
    """A flag by the name of its field."""
    return _FLAG.sub(r"\1", sentence)
