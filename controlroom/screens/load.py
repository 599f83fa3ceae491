"""The load dialog: its fields and the equal command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from textual.app import ComposeResult
from textual.widgets import Button, Checkbox, Input, Label, RadioButton, RadioSet
from textual.worker import Worker

from controlroom.arrivals.address import ROUTES
from controlroom.runs.spec import MOST_USERS, USERS, WORKERS, LoadSpec, Schedule
from controlroom.screens.choices import Choice, Tick
from controlroom.screens.dialog import PROBLEMS, Dialog, sentence_of
from controlroom.screens.fields import InputError, load_spec
from controlroom.settings import Settings

Start = Callable[[LoadSpec], Awaitable[str]]
STARTS: dict[str, tuple[Schedule, str]] = {
    "closed": ("", "as answers come"),
    "constant": ("constant", "on schedule"),
    "poisson": ("poisson", "poisson gaps"),
}
"""Name of a button -> when requests start, and the same in words."""
AT_A_TIME, MAY_WAIT = "at the same time", "may wait; more are dropped"


class LoadDialog(Dialog[str]):
    """Answers the sentence about the run that was started, None when it was left."""

    DEFAULT_CSS = """
    LoadDialog RadioSet { layout: horizontal; height: 1; border: none; padding: 0;
        background: transparent; width: auto; }
    LoadDialog RadioSet RadioButton { width: auto; margin: 0 3 0 0; background: transparent; }
    LoadDialog Checkbox { border: none; padding: 0; background: transparent; height: 1; }
    LoadDialog .field > .hint { width: 30; }
    LoadDialog #command { min-height: 2; }
    LoadDialog #problem { display: block; min-height: 1; }
    LoadDialog #buttons { margin: 0; }
    """
    heading = "load"

    def __init__(
        self, start: Start, before: LoadSpec | None = None, clustered: bool = False
    ) -> None:
        super().__init__()
        self.start = start
        self.clustered = clustered
        """Whether the target has a place for Jobs that send it."""
        self.before = before or LoadSpec(timeout=60.0)
        """What the fields hold at first."""

    def body(self) -> ComposeResult:
        spec = self.before
        path = RadioSet(
            *(Choice(p, value=spec.path == p, id=p, compact=True) for p in ROUTES),
            id="path",
            compact=True,
        )
        yield from self.field("path", path)
        starts = RadioSet(
            *(
                Choice(words, value=spec.open == schedule, id=name, compact=True)
                for name, (schedule, words) in STARTS.items()
            ),
            id="starts",
            compact=True,
        )
        yield from self.field("starts", starts)
        if self.clustered:
            jobs = RadioSet(
                Choice("from here", value=not spec.in_cluster, id="here", compact=True),
                Choice("in the cluster", value=bool(spec.in_cluster), id="jobs", compact=True),
                id="from",
                compact=True,
            )
            yield from self.field("sent", jobs)
        number = "" if spec.number is None else str(spec.number)
        rate = "" if spec.rate is None else f"{spec.rate:g}"
        timeout = spec.command().split("--timeout ")[1].split()[0]
        texts = (
            ("file", spec.file or "", "empty: generated data"),
            ("users", str(spec.users), MAY_WAIT if spec.open else AT_A_TIME),
            ("number", number, "empty: until the timeout"),
            ("rate", rate, "requests/s; empty: no limit"),
            ("timeout", timeout, "such as 3m, 90s, 1h30m"),
        )
        for name, value, hint in texts:
            yield from self.field(name, Input(value, id=name, compact=True), hint=hint)
        box = Tick("start the file again at its end", spec.repeat, id="repeat", compact=True)
        yield from self.field("repeat", box)

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Start load", id="agree", compact=True)

    def on_mount(self) -> None:
        """Most people change the number first; users is where the form begins to matter."""
        self.focus_first("#users")

    def spec(self, check: bool) -> LoadSpec:
        """The form as it stands. Raises FieldError."""
        values = {field.id or "": field.value for field in self.query(Input)}
        path = next(p for p in ROUTES if self.query_one(f"#{p}", RadioButton).value)
        repeat = self.query_one("#repeat", Checkbox).value
        spec = load_spec(values, path, repeat, check, self.schedule)
        by_jobs = any(button.value for button in self.query("#jobs").results(RadioButton))
        if by_jobs and spec.open:
            raise InputError("starts", "a schedule is kept from here only, not by Jobs.")
        return replace(spec, in_cluster=WORKERS if by_jobs else 0)

    def command(self) -> str:
        if not self.is_mounted:
            return self.before.command()
        try:
            return self.spec(check=False).command()
        except InputError:
            return ""

    def on_input_changed(self) -> None:
        """The command follows the fields; a mistake is said at once."""
        self._follow()

    def on_checkbox_changed(self) -> None:
        """The same."""
        self._follow()

    def on_radio_set_changed(self, event: RadioSet.Changed) -> None:
        """The same; on a schedule as many may wait as can, unless another number was typed."""
        if event.radio_set.id == "starts":
            most = min(MOST_USERS, Settings().max_users)
            usual, field = (USERS, most), self.query_one("#users", Input)
            now = bool(self.schedule)
            if field.value.strip() == str(usual[not now]):
                field.value = str(usual[now])
            hint = field.parent.query_one(".hint", Label) if field.parent else None
            if hint is not None:
                hint.update(MAY_WAIT if now else AT_A_TIME)
        self._follow()

    @property
    def schedule(self) -> Schedule:
        """When requests start, as it is chosen now."""
        return next(
            schedule
            for name, (schedule, _) in STARTS.items()
            if self.query_one(f"#{name}", RadioButton).value
        )

    def _follow(self) -> None:
        try:
            self.spec(check=False)
            self.problem("")
        except InputError as error:
            self.problem(str(error))
        self.retell()

    def agree(self) -> None:
        if self.query_one("#agree", Button).disabled:
            return
        try:
            spec = self.spec(check=True)
        except InputError as error:
            self.problem(str(error))
            for field in self.query(f"#{error.field}"):
                field.focus()
            return
        # one request starts one run, also when Enter is pressed twice
        self.query_one("#agree", Button).disabled = True
        self.keep_keys_a_while()
        self.run_worker(self._start(spec), group="start", exit_on_error=False)

    async def _start(self, spec: LoadSpec) -> None:
        """Stays open when the run is refused, so that nothing has to be typed again."""
        try:
            self.dismiss(await self.start(spec))
        except PROBLEMS as error:
            self.problem(sentence_of(error))
            self.let_keys_in()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What was not started can be tried again."""
        if event.worker.group == "start" and event.worker.is_finished:
            self.query_one("#agree", Button).disabled = False
