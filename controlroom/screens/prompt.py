"""Small questions: a number of replicas, a text to filter by."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from controlroom.commands.question import Fact
from controlroom.commands.scale import Scale
from controlroom.model.fleet import Deployment
from controlroom.screens.dialog import Dialog, facts_text
from controlroom.screens.fields import InputError, whole


class ScaleDialog(Dialog[int]):
    """Answers the number of replicas."""

    def __init__(self, deployment: Deployment) -> None:
        super().__init__()
        self.deployment = deployment
        self.heading = f"scale · {deployment.name}"

    @property
    def least(self) -> int:
        """The fewest replicas."""
        return self.deployment.minimum or 0

    @property
    def most(self) -> int:
        """The most replicas: the autoscaler's bound, or what a machine may carry."""
        return self.deployment.maximum or 20

    def body(self) -> ComposeResult:
        item = self.deployment
        facts: list[Fact] = [("now", f"{item.ready} ready of {item.replicas}")]
        if item.maximum is not None:
            facts.append(("bounds", f"{self.least} to {self.most}, from its autoscaler"))
        yield Static(facts_text(facts))
        hint = f"{self.least} to {self.most}"
        field = Input(str(item.replicas), id="replicas", compact=True)
        yield from self.field("replicas", field, hint=hint)

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Scale", id="agree", compact=True)

    def on_mount(self) -> None:
        """The number has the focus."""
        self.focus_first("#replicas")

    def _number(self) -> int:
        return whole("replicas", self.query_one(Input).value, self.least, self.most)

    def command(self) -> str:
        name = self.deployment.name
        if not self.is_mounted:
            return Scale(name, self.deployment.replicas).line()
        try:
            return Scale(name, self._number()).line()
        except InputError:
            return ""

    def on_input_changed(self) -> None:
        """The command follows the number."""
        self.retell()

    def agree(self) -> None:
        try:
            self.dismiss(self._number())
        except InputError as error:
            self.problem(str(error))


class FilterDialog(Dialog[str]):
    """Answers the text that is looked for, None when it was left."""

    def __init__(
        self,
        before: str,
        heading: str = "filter the log",
        label: str = "holds",
        hint: str = "empty: all lines",
    ) -> None:
        super().__init__()
        self.before = before
        self.heading = heading
        self._label = label
        self._hint = hint

    def body(self) -> ComposeResult:
        field = Input(self.before, id="needle", compact=True)
        yield from self.field(self._label, field, hint=self._hint)

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Filter", id="agree", compact=True)

    def on_mount(self) -> None:
        """The text has the focus."""
        self.focus_first("#needle")

    def agree(self) -> None:
        self.dismiss(self.query_one(Input).value)
