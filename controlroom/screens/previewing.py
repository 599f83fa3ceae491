"""The base of dialogs that start something of a file: a list, fields, what would happen now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from controlroom.commands.exits import CommandError
from controlroom.commands.question import Fact, preview_facts
from controlroom.panes.text import clean
from controlroom.screens.dialog import PROBLEMS, Dialog, facts_text, sentence_of
from controlroom.targets.abilities import Preview


class Choice(Protocol):
    """What is in the list."""

    @property
    def name(self) -> str:
        """As people call it."""
        ...

    @property
    def path(self) -> str:
        """Its file."""
        ...

    @property
    def error(self) -> str:
        """Why it cannot be used; empty when it can."""
        ...


ActT = TypeVar("ActT")
FileT = TypeVar("FileT", bound=Choice)
TYPING = 0.15
"""Seconds after a key in a field before anybody is asked what would happen."""
KEYS = "tab change · enter next · esc back"


class PreviewDialog(Dialog[ActT], Generic[ActT, FileT]):
    """Answers the act that was chosen, with what was changed of it, once its preview was seen."""

    DEFAULT_CSS = """
    PreviewDialog OptionList { height: auto; max-height: 20vh; background: transparent;
        border: none; padding: 0; }
    PreviewDialog #fields { height: auto; margin: 1 0 0 0; }
    PreviewDialog #facts { height: auto; min-height: 5; }
    PreviewDialog #buttons Button { margin: 0 0 0 1; }
    PreviewDialog #keys { width: 1fr; height: 1; color: $text-muted; }
    """
    rows: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """What can be changed, called like the flags, by rows."""
    choices: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Field -> what is suggested for it."""
    waiting: ClassVar[str] = "goes to"
    """The word beside which the preview will stand."""
    nothing: ClassVar[str] = ""
    """What is said where the list is empty."""
    refusal: ClassVar[str] = ""
    """What is said beside the reason where it cannot be done."""
    fallback: ClassVar[str] = ""
    """The command that is shown where nothing is chosen."""

    def __init__(
        self,
        files: Sequence[FileT],
        preview: Callable[[ActT], Awaitable[Preview | Sequence[Fact]]],
    ) -> None:
        super().__init__()
        self.files = files
        self.preview = preview
        self.seen: dict[str, ActT] = {}
        """Command line -> what was previewed for it."""
        self.refused: dict[str, Exception] = {}
        self.wanted = ""
        """Command line that was agreed to before its preview was there."""
        names = "|".join(name for row in self.rows for name in row)
        self._flag = re.compile(rf"--({names})\b")

    def beside(self, file: FileT) -> str:
        """What stands in the list beside its name."""
        raise NotImplementedError

    def made(self, file: FileT, given: Mapping[str, str]) -> ActT:
        """The act as the fields stand. Raises CommandError."""
        raise NotImplementedError

    def line(self, file: FileT) -> str:
        """The equal command line. Raises CommandError where a field cannot be used."""
        raise NotImplementedError

    def own(self, file: FileT) -> Mapping[str, str]:
        """Field -> what the file itself has."""
        raise NotImplementedError

    def what(self, file: FileT, act: ActT | None) -> Fact:
        """The first fact of the preview."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        width = max((len(file.name) for file in self.files), default=10)
        options = [
            Option(
                facts_text([(clean(f.name).ljust(width), self.beside(f))]),
                id=str(n),
                disabled=bool(f.error),
            )
            for n, f in enumerate(self.files)
        ]
        yield OptionList(*options, compact=True)
        with Vertical(id="fields"):
            for row in self.rows:
                with Horizontal(classes="field"):
                    for name in row:
                        yield Label(name, classes="name", markup=False)
                        given = self.choices.get(name)
                        suggester = SuggestFromList(given) if given else None
                        yield Input("", id=name, compact=True, suggester=suggester)
        yield Static("", id="facts")

    def buttons(self) -> ComposeResult:
        yield Static(KEYS, id="keys", markup=False)
        yield from super().buttons()
        yield Button("Next", id="agree", compact=True)

    def command(self) -> str:
        if self.file is None:
            return self.fallback
        try:
            return self.line(self.file)
        except CommandError:
            return f"{self.fallback.rpartition(' ')[0]} …"

    @property
    def file(self) -> FileT | None:
        """The highlighted one."""
        if not self.is_mounted:
            return self.files[0] if self.files else None
        place = self.query_one(OptionList).highlighted
        return None if place is None else self.files[place]

    def act(self, file: FileT) -> ActT:
        """The act as the fields stand. Raises CommandError."""
        given = {one.id or "": one.value.strip() for one in self.query(Input)}
        return self.made(file, given if self.is_mounted else {})

    def on_mount(self) -> None:
        """The list has the focus."""
        self.focus_first("OptionList")
        wrong = next((f for f in self.files if f.error), None)
        bad = "" if wrong is None else wrong.error
        if wrong is not None and not bad.startswith(wrong.path):
            bad = f"{wrong.path}: {bad}"
        if not self.files:
            self.problem(self.nothing)
        elif bad:
            self.problem(bad)

    def on_option_list_option_highlighted(self) -> None:
        """Previews what is highlighted, as its file has it."""
        file = self.file
        own = {} if file is None else self.own(file)
        with self.prevent(Input.Changed):
            for field in self.query(Input):
                field.value = ""
                field.placeholder = clean(own.get(field.id or "", ""))
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
        shown.update(facts_text([self.what(file, None), (self.waiting, "…")]))
        await asyncio.sleep(after)
        act: ActT | None = None
        try:
            act = self.act(file)
            preview = await self.preview(act)
        except PROBLEMS as error:
            fix = getattr(error, "fix", "")
            why = [("refused", self._plain(str(error))), ("fix", self._plain(fix))]
            shown.update(facts_text([self.what(file, act), *why]))
            self.refused[key] = error
            if self.wanted == key:
                self.agree()
            self.let_keys_in()
            return
        self.seen[key] = act
        facts = preview_facts(preview) if isinstance(preview, Preview) else list(preview)
        shown.update(facts_text([self.what(file, act), *facts]))
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
        named = self._flag.search(sentence)
        if named is None:
            self.problem(self.refusal)
            return
        self.problem(self._plain(sentence))
        self.query_one(f"#{named[1]}", Input).focus()

    def _plain(self, sentence: str) -> str:
        """A flag by the name of its field."""
        return self._flag.sub(r"\1", sentence)
