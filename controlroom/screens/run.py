"""Pages of runs by themselves: one with its story, two side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.strip import Strip

from controlroom.commands.exits import ReadOnlyError
from controlroom.model.frame import RUNS, Frame
from controlroom.model.run import Runs, RunView
from controlroom.panes.look import Look
from controlroom.panes.sidebyside import pair_rows
from controlroom.panes.story import Chosen, story_rows
from controlroom.reports import Document
from controlroom.screens.page import Below, Line, Page

PACE = 1.0
"""Seconds between two pictures of a page of runs."""
ACTING = ("E", "x", "D")
"""Keys that lead to what changes something."""
NOTHING = Runs(())


@dataclass(frozen=True, slots=True)
class Hands:
    """What pages of runs have done by others."""

    end: Callable[[RunView], None]
    """Asks, and ends a run."""
    remove: Callable[[tuple[str, ...]], None]
    """Asks, and removes runs with what they kept."""
    begin: Callable[[], None]
    """Asks for an experiment, and starts it."""
    needle: Callable[[str, Callable[[str], None]], None]
    """Asks for a text, from the one before; gives the answer."""
    tell: Callable[[tuple[str, ...]], None]
    """Says whose stories the frames should have."""


class OfRuns(Page):
    """A page that is made of what the frames have of runs."""

    redraw = PACE
    panel = RUNS

    def __init__(self, below: Below, hands: Hands, *crumbs: str) -> None:
        super().__init__(below, *crumbs)
        self.hands = hands

    @property
    def told(self) -> tuple[str, ...]:
        """Runs whose stories it shows."""
        return ()

    def draw(self) -> None:
        """Also says whose stories it wants: the room may be another by now."""
        if self.app.screen is self:
            self.hands.tell(self.told)
            # what is refused is not offered; a room may become read-only, or be so no more
            acts = () if not self.below.frame().read_only else ACTING
            self.keys = tuple(one for one in type(self).keys if one[0] not in acts)  # type: ignore[misc]
        super().draw()

    def find(self, run: str) -> RunView | None:
        """How that run stands."""
        return runs_of(self.below.frame()).find(run)

    def end(self, run: str) -> None:
        """Ends it, after a question."""
        view = self.find(run)
        if view is None or not view.active:
            self.app.notify(f"{run or 'The run'} is over already.", markup=False)
        elif not self.refused("stop"):
            self.hands.end(view)

    def refused(self, command: str) -> bool:
        """Whether one may only look; the audit has what was tried."""
        if not self.below.frame().read_only:
            return False
        with contextlib.suppress(ReadOnlyError):
            self.below.commands.refuse(command)
        self.app.notify("This room is read-only.", severity="warning", markup=False)
        return True


def runs_of(frame: Frame) -> Runs:
    """The runs of a frame; none where they are not known yet."""
    return frame[RUNS].value or NOTHING


def lines_of(look: Look, strips: Sequence[Strip]) -> list[Line]:
    """Rows of a picture as lines of a page."""
    return [Line(tuple((part.text, part.style or look.text) for part in one)) for one in strips]


class RunPage(OfRuns):
    """One run: what goes on, its figures on one time axis, arms, verdict."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("left", "block(-1)"),
        ("right", "block(1)"),
        ("0", "all_blocks"),
        ("x", "end"),
    ]
    keys = (("←→", "block"), ("0", "all blocks"), ("x", "end"))

    def __init__(self, below: Below, hands: Hands, run: str) -> None:
        super().__init__(below, hands, run)
        self.run = run
        self.blocks = Chosen()

    @property
    def told(self) -> tuple[str, ...]:
        return (self.run,)

    @property
    def command(self) -> str:
        story = runs_of(self.below.frame()).stories.get(self.run)
        return story.command if story else ""

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """The story, with a picture that leaves room for arms and verdict."""
        look, runs = self.below.look, runs_of(frame)
        strips = story_rows(look, frame, runs, self.run, self.blocks, width, self.size.height - 2)
        return lines_of(look, strips)

    def action_block(self, by: int) -> None:
        """Another block alone, or all of them."""
        story = runs_of(self.below.frame()).stories.get(self.run)
        blocks = story.phases[-1].block + 1 if story is not None and story.phases else 0
        self.blocks.step(by, blocks)
        self.draw()

    def action_all_blocks(self) -> None:
        """All of them on one axis."""
        self.blocks.block = -1
        self.draw()

    def action_end(self) -> None:
        """Ends the run, after a question."""
        self.end(self.run)


class ComparePage(OfRuns):
    """Two runs side by side: both over their time, what can be said of them, their figures."""

    every = 5.0
    source = "runs"

    def __init__(self, below: Below, hands: Hands, first: str, second: str) -> None:
        super().__init__(below, hands, f"{first} beside {second}")
        self.pair = (first, second)
        self.comparison: Document | None = None

    @property
    def told(self) -> tuple[str, ...]:
        return self.pair

    @property
    def command(self) -> str:
        return f"controlroom runs compare {' '.join(self.pair)}"

    async def load(self) -> None:
        """Has them compared, again and again while one goes on."""
        views = [self.find(run) for run in self.pair]
        if self.comparison is None or any(view is not None and view.active for view in views):
            self.comparison = await self.below.commands.compare_runs(self.pair)

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """Both, with pictures of the same scale."""
        look, runs = self.below.look, runs_of(frame)
        height = self.size.height - 2
        strips = pair_rows(look, frame, runs, self.pair, self.comparison, width, height)
        return lines_of(look, strips)
