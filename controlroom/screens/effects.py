"""Faults and loads that are active on the target: who looks after each, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from controlroom.commands.chaos import PauseFault, ResumeFault, StopFault
from controlroom.commands.question import Fact
from controlroom.commands.run import StopLoad
from controlroom.model.effects import ActiveEffect
from controlroom.panes.text import clean, time_of_day
from controlroom.screens.dialog import Dialog, facts_text

Action = Literal["pause", "resume", "end"]


def facts_of(one: ActiveEffect) -> list[Fact]:
    """What is known of it."""
    nobody = f"nobody; it was left behind by {one.run or 'a run that is not known'}"
    whose = f"run {one.run}" if one.conducted else nobody
    ends = "not by itself" if one.ends is None else f"at {time_of_day(one.ends)} by itself"
    return [("what", one.title), ("id", one.id), ("phase", one.phase), ("watched", whose),
            ("ends", ends)]  # fmt: skip


def act_of(one: ActiveEffect, action: Action) -> StopLoad | StopFault | PauseFault:
    """What carries it out."""
    about = facts_of(one)
    if one.kind == "load":
        return StopLoad(one.id, about)
    if action == "end":
        return StopFault(one.id, about)
    return PauseFault(one.id, about) if action == "pause" else ResumeFault(one.id, about)


class EffectsDialog(Dialog[tuple[ActiveEffect, Action]]):
    """Answers which one is to be paused, resumed or ended."""

    DEFAULT_CSS = """
    EffectsDialog OptionList { height: auto; max-height: 9; background: transparent; border: none;
        padding: 0; }
    EffectsDialog #facts { height: auto; min-height: 5; margin: 1 0 0 0; }
    """
    heading = "faults and loads"

    def __init__(self, effects: Sequence[ActiveEffect]) -> None:
        super().__init__()
        self.effects = effects

    @property
    def one(self) -> ActiveEffect:
        """The highlighted one."""
        place = self.query_one(OptionList).highlighted if self.is_mounted else None
        return self.effects[place or 0]

    def body(self) -> ComposeResult:
        width = max(len(one.id) for one in self.effects)
        rows = [(clean(one.id).ljust(width), f"{one.title} {one.phase}") for one in self.effects]
        yield OptionList(*(Option(facts_text([row])) for row in rows), compact=True)
        yield Static("", id="facts")

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Pause (u)", id="pause", compact=True)
        yield Button("End", id="agree", compact=True)

    def command(self) -> str:
        return act_of(self.one, "end").line()

    def on_mount(self) -> None:
        """The list has the focus."""
        self.focus_first("OptionList")

    def on_option_list_option_highlighted(self) -> None:
        """Tells about what is highlighted."""
        self.retell()
        self.query_one("#facts", Static).update(facts_text(facts_of(self.one)))
        pause = self.query_one("#pause", Button)
        pause.disabled = not self.one.pausable
        pause.label = "Resume (u)" if self.one.phase == "paused" else "Pause (u)"

    def on_option_list_option_selected(self) -> None:
        """Enter goes on to the question."""
        self.agree()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The button in the middle pauses."""
        if event.button.id == "pause":
            event.stop()
            self.pause()
        else:
            super().on_button_pressed(event)

    def on_key(self, event: events.Key) -> None:
        """u pauses and resumes."""
        if event.key == "u":
            event.stop()
            self.pause()
        else:
            super().on_key(event)

    def pause(self) -> None:
        """Pauses what is on, resumes what is paused."""
        if self.one.kind == "load":
            self.problem("A load cannot be paused; end it, and start it again.")
        elif not self.one.pausable:
            self.problem("Only Chaos Mesh pauses a fault, and only one that lasts; end it.")
        else:
            self.dismiss((self.one, "resume" if self.one.phase == "paused" else "pause"))

    def agree(self) -> None:
        self.dismiss((self.one, "end"))
