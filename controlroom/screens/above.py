"""What a key opens above the room: pages, and all targets side by side; which target is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from controlroom.commands.ports import FrameSource, ManySources
    from controlroom.model.frame import Frame
    from controlroom.screens.neighbours import Neighbours
    from controlroom.screens.page import Below, Page
    from controlroom.screens.room import RoomScreen


@dataclass(frozen=True, slots=True)
class Above:
    """Pages are imported when the first one is needed."""

    room: RoomScreen
    source: FrameSource
    clock: Callable[[], float]
    below: Callable[[], Below]
    neighbours: Callable[[], Neighbours | None]
    """The rooms of others; None in a recording."""
    show_run: Callable[[str], None]
    moved: Callable[[], None]
    """Called when another target is shown."""

    def do_open(self) -> None:
        """The page of what is chosen in the focused panel."""
        from controlroom.screens.drilling import page_of

        if self.room.app.screen is not self.room:
            return
        if self.room.pane is self.room.time:
            self._open_moment()
            return
        page = page_of(self.room, self.below())
        if page is not None:
            self.room.app.push_screen(page)
        else:
            self._say("There is nothing to open here.", 4)

    def _open_moment(self) -> None:
        """Of the time panel: a range alone, or the run of the mark that is looked at."""
        mark = self.room.time.looked_at
        if self.room.time.enter_range():
            return
        if mark is None:
            self._say("There is no mark here: { and } look at the marks.")
        else:
            self.show_run(mark.run)

    def do_limit(self) -> None:
        """Which part is the limit now."""
        from controlroom.screens.pages.limit import LimitPage

        self._show(LimitPage, lambda: LimitPage(self.below()))

    def do_users(self) -> None:
        """Who else is there, and what was done."""
        others = self.neighbours()
        if others is None:
            self._say("A recording is looked at alone.")
            return
        from controlroom.screens.pages.users import UsersPage

        self._show(UsersPage, lambda: UsersPage(self.below(), others))

    def do_sides(self) -> None:
        """All targets side by side, where there is more than one: the page that is open, of each
        of them, else their figures."""
        source = self._many()
        if source is not None and not self._show_beside(source):
            from controlroom.screens.sides import SidesScreen

            sides = SidesScreen(self.room.look, lambda: source.sides(self.clock()), self.room.slots)
            self.room.app.push_screen(sides)

    def _show_beside(self, source: ManySources) -> bool:
        """Shows the open page of each target; whether there is one that each has."""
        from controlroom.screens.beside import BesideScreen
        from controlroom.screens.page import Below, Page

        top, look = self.room.app.screen, self.room.look
        if not isinstance(top, Page):
            return False
        targets = [source.of(number) for number in range(len(source.sides(self.clock())))]
        belows = [Below(look, partial(_frame, one, self.clock), one) for one in targets]
        pages = [page for below in belows if (page := top.of(below)) is not None]
        if pages:
            beside = BesideScreen(look, pages, lambda: source.sides(self.clock()))
            self.room.app.push_screen(beside)
        return bool(pages)

    def do_target(self) -> None:
        """Shows the next target, where there is more than one."""
        source = self._many()
        if source is not None:
            self._say(f"Now {source.next_target()}.")
            self.moved()

    def _many(self) -> ManySources | None:
        source = cast("ManySources", self.source)
        if len(getattr(source, "sides", lambda _: ())(self.clock())) > 1:
            return source
        self._say("There is one target; give --context twice for two.")
        return None

    def _show(self, kind: type[Page], make: Callable[[], Page]) -> None:
        """A page that is not the one on top already."""
        if not isinstance(self.room.app.screen, kind):
            self.room.app.push_screen(make())

    def _say(self, words: str, seconds: float | None = None) -> None:
        self.room.notify(words, markup=False, timeout=seconds)


def _frame(source: FrameSource, clock: Callable[[], float]) -> Frame:
    return source.frame(clock())
