"""The room itself: all panels on one screen, placed by the terminal's size."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TypeVar

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from controlroom import layouts
from controlroom.commands.registry import key_label, panes
from controlroom.layouts import DEFAULT, Layout
from controlroom.model.frame import BOOKS, FLEET, LOG, TALLIES, Frame, Key
from controlroom.model.marking import Marking
from controlroom.panes import text
from controlroom.panes.books import BooksLine, BooksPane
from controlroom.panes.fleet import FleetPane
from controlroom.panes.footer import Footer, RuleLine, Tabs
from controlroom.panes.header import HeaderRow
from controlroom.panes.layout import MINIMUM, At, Slot, kind_of, plan
from controlroom.panes.log import LogPane
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Rows, moment_of
from controlroom.panes.picked import picked_of
from controlroom.panes.registry import added
from controlroom.panes.sorting import Order
from controlroom.panes.strip import RunStrip
from controlroom.panes.tallies import TalliesPane
from controlroom.panes.timeline import TimePane
from controlroom.panes.traffic import TrafficPane
from controlroom.screens.framing import AROUND, framed
from controlroom.screens.looking import Looking
from controlroom.settings import SettingsError

P = TypeVar("P", bound=Pane)
_BOOKS = At(0, 7)
PANES = (
    Slot(
        TalliesPane,
        0,
        At(0, lambda h: (h - 6) // 2),
        At(0, lambda h: max(12, (h - 7) * 2 // 5)),
        0.47,
    ),
    Slot(TrafficPane, 1, At(1, lambda h: 8 if h < 40 else 10), At(1, 11), 0.42),
    Slot(BooksPane, 2, _BOOKS, _BOOKS),
    Slot(FleetPane, 2, At(0), At(0)),
    Slot(TimePane, 0, At(1, lambda h: 12 if h < 40 else 16), At(1)),
    Slot(LogPane, 1, At(1), At(2)),
)
"""The panels of the room with their places, in the order of their numbers."""
WITH_DATA: tuple[Key[object], ...] = (TALLIES, BOOKS, FLEET, LOG)
"""What the main panels show."""


class RoomScreen(Screen[None]):
    """Gives every frame to all parts, and decides which of them are seen."""

    DEFAULT_CSS = """
    RoomScreen { background: $background; overflow: hidden; }
    RoomScreen Rows { position: absolute; background: $background; }
    RoomScreen #small {
        position: absolute; width: 100%; height: 100%; content-align: center middle;
        text-align: center; display: none;
    }
    RoomScreen.too-small Rows { display: none; }
    RoomScreen.too-small #small { display: block; }
    """
    TITLE = "controlroom"
    AUTO_FOCUS = ""

    def __init__(
        self, look: Look, first: Frame, plot_pace: float = 0.5, layout: Layout = DEFAULT
    ) -> None:
        super().__init__()
        self.look = look
        self.slots = (*PANES, *added())
        self.panes = {slot.name: slot.pane(look) for slot in self.slots}
        for number, pane in enumerate(self.panes.values(), 1):
            pane.number = number
        self.current = layout.focus or self.slots[0].name
        self.zoomed = layout.zoom
        self._begun = layout
        """The layout that was taken last."""
        self.alone = False
        """Whether the focused panel has all the room, also because there is too little for all."""
        self.header = HeaderRow(look)
        self.tabs = Tabs(look, id="tabs")
        self.tallies = self._own(TalliesPane)
        self.fleet = self._own(FleetPane)
        self.time = self._own(TimePane)
        self.time.pace = plot_pace
        self.time.moved = self._cursor_moved
        self.time.cover(layout.window)
        self.tallies.take_view(layout.view)
        self.log_pane = self._own(LogPane)
        self.footer = Footer(look, id="footer")
        self.parts: dict[str, Rows] = {
            "header": self.header,
            "tabs": self.tabs,
            **self.panes,
            "booksline": BooksLine(look, id="booksline"),
            "rule": RuleLine(look, id="rule"),
            "strip": RunStrip(look, id="strip"),
            "footer": self.footer,
        }
        for part in self.parts.values():
            part.frame = first
        self.looking: Looking | None = None
        """Where frames of the past come from; None where there are none."""
        self._now = first
        self._marked: tuple[Marking, str] | None = None
        """Of which target the frame around all of it was drawn, or left away."""

    def compose(self) -> ComposeResult:
        """All parts; `place` decides where."""
        self.place(*self.app.size)
        yield from self.parts.values()
        yield Static(f"Please make the terminal at least {MINIMUM[0]} x {MINIMUM[1]}.", id="small")

    def on_mount(self) -> None:
        """The first panel has the focus."""
        self.focus_pane(self.current)

    def on_resize(self) -> None:
        """New places for a new size."""
        self.place(*self.app.size)

    @property
    def pane(self) -> Pane:
        """The focused panel."""
        return self.panes[self.current]

    @property
    def detailed(self) -> bool:
        """Whether a panel shows what is asked for only while it is seen."""
        return any(pane.display and pane.detailed for pane in self.panes.values())

    @property
    def pane_keys(self) -> list[tuple[str, str, str]]:
        """Keys that the panels understand themselves: (panel, keys, what they do)."""
        return [(name, *keys) for name, pane in self.panes.items() for keys in pane.keys]

    def _own(self, kind: type[P]) -> P:
        pane = self.panes[kind.pane_id]
        assert isinstance(pane, kind)
        return pane

    def place(self, width: int, height: int) -> None:
        """Puts every part where the plan has it."""
        self.set_class(width < MINIMUM[0] or height < MINIMUM[1], "too-small")
        frame = self.header.frame
        if frame is not None:
            self._marked = (frame.marking, frame.target)
            if framed(self, self.look, frame):
                width, height = width - AROUND, height - AROUND
        planned = plan(self.slots, width, height, self.current, self.zoomed, self._begun)
        places = planned.places
        self.alone = planned.alone
        self.tabs.shown = tuple(name for name in self.panes if name in places)
        for name, part in self.parts.items():
            region = places.get(name)
            part.styles.display = "none" if region is None else "block"
            if region is not None:
                part.styles.offset = region.offset
                part.styles.width = region.width
                part.styles.height = region.height
        self.tabs.redraw()

    def show(self, frame: Frame) -> None:
        """Gives the frame to all parts; hidden ones only keep it."""
        if self._marked != (frame.marking, frame.target):
            self.header.frame = frame
            self.place(*self.app.size)
        self._now = frame
        then = self._looked_at(frame)
        for name, part in self.parts.items():
            part.show(frame if then is None or name not in self._of_the_moment else then)

    @property
    def _of_the_moment(self) -> set[str]:
        """The parts that go where the time cursor stands. The header, the time axis and the run
        strip stay with the present, as keys do."""
        return {*self.panes, "booksline"} - {TimePane.pane_id}

    def _looked_at(self, frame: Frame) -> Frame | None:
        at = self.time.cursor.at
        then = None if self.looking is None else self.looking.frame(at, frame)
        said = ""
        if then is not None:
            said = f"{moment_of(then)} {text.span(frame.now - then.looked_at)} ago"
        if said != self.header.status.looking:
            self.header.say(looking=said)
        return then

    def _cursor_moved(self) -> None:
        self.call_later(self.look_back)

    def look_back(self) -> None:
        """Shows the moment of the time cursor, or the present again."""
        self.show(self._now)

    def _on_timer_update(self) -> None:
        """Where all of it is to be painted, Textual forgets which parts had changed; under a
        dialog these are painted nevertheless."""
        whole = self._repaint_required or self._layout_required
        parts = self._dirty_widgets - {self} if whole else set()
        super()._on_timer_update()
        if parts and self.app.screen is not self and self.is_current:
            self._compositor.update_widgets(parts)
            self._compositor_refresh()

    def _compositor_refresh(self) -> None:
        """Sends what changed; under a dialog, that part of the dialog's picture and no more.

        Textual's own way marks a screen that lies under another as to be painted again by painting
        it, so that all of it is sent again and again for as long as the other is open.
        """
        top = self.app.screen
        if top is self or self not in self.app._background_screens:
            super()._compositor_refresh()
            return
        dirty = self._compositor._dirty_regions
        # all of it is dirty when a screen is put above, which paints itself then
        changed = [region for region in dirty if region != self.outer_size.region]
        if changed and top.styles.background.a < 1:
            top.refresh(*changed)
        dirty.clear()
        self._dirty_widgets.clear()

    def has_data(self, frame: Frame) -> bool:
        """Whether the frame holds figures for the main panels."""
        return all(frame[key].value is not None for key in WITH_DATA)

    def focus_pane(self, name: str) -> None:
        """Focuses a panel, and brings it to the screen where it is hidden."""
        moved, alone = self.current != name, self.alone
        self.current = name
        if moved and (alone or kind_of(*self.size) == "tabs" or not self.parts[name].display):
            self.place(*self.app.size)
        self.parts[name].focus(scroll_visible=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click focuses too."""
        if isinstance(event.widget, Pane) and event.widget.id in self.panes:
            self.current = event.widget.id

    def do_next_pane(self, step: int = 1) -> None:
        """Focuses the next panel in the order of the numbers."""
        names = list(self._begun.panels or self.panes)
        at = names.index(self.current) if self.current in names else -min(step, 0) - 1
        self.focus_pane(names[(at + step) % len(names)])

    def do_previous_pane(self) -> None:
        """Focuses the one before."""
        self.do_next_pane(-1)

    def do_next_view(self, step: int = 1) -> None:
        """The next view of the tallies."""
        self.focus_pane(TalliesPane.pane_id)
        self.tallies.page(step)

    def do_previous_view(self) -> None:
        """The one before."""
        self.do_next_view(-1)

    @property
    def layout_now(self) -> Layout:
        """What is shown now, as a layout."""
        return replace(
            self._begun,
            focus=self.current,
            zoom=self.zoomed,
            window=int(self.time.usual),
            view=self.tallies.view,
        )

    def lay_out(self, layout: Layout) -> None:
        """Lays the panels out anew."""
        self._begun = layout
        self.zoomed = layout.zoom
        self.current = layout.focus or self.slots[0].name
        self.time.cover(layout.window)
        self.tallies.take_view(layout.view)
        self.place(*self.app.size)
        self.parts[self.current].focus(scroll_visible=False)

    def do_layout(self) -> None:
        """The next layout of those that are shipped and saved."""
        names = layouts.names(os.environ)
        now = self._begun.name
        name = names[(names.index(now) + 1) % len(names)] if now in names else names[0]
        try:
            self.lay_out(layouts.read(name, os.environ, panes()))
        except SettingsError as error:
            self._begun = replace(self._begun, name=name)  # the next time the one after it
            self.notify(f"{error}. {error.fix}", severity="error", markup=False)
        else:
            self.notify(f"layout {name}", timeout=2, markup=False)

    def do_next_match(self, step: int = 1) -> None:
        """The next line of the log that is looked for."""
        self.focus_pane(LogPane.pane_id)
        self._say(self.log_pane.go_to_match(step))

    def do_previous_match(self) -> None:
        """The one before."""
        self.do_next_match(-1)

    def do_sort(self) -> None:
        """By the next column of the focused panel."""
        order = self._order()
        if order is not None:
            order.next(self.pane.sortable)
            self.pane.redraw()

    def do_reverse(self) -> None:
        """The other way round."""
        order = self._order()
        if order is not None and order.by:
            order.turn()
            self.pane.redraw()
        elif order is not None:
            self._say(f"Not sorted: {key_label('sort')} chooses a column.")

    def _order(self) -> Order | None:
        """That of the focused panel, as it is shown now; says where it has none."""
        if not self.pane.sortable:
            self._say("This panel has one order only.")
            return None
        return self.pane.order

    def do_copy(self) -> None:
        """What is chosen in the focused panel."""
        frame = self.pane.frame
        picked = text.clean(picked_of(self.pane, frame)) if frame is not None else ""
        self._copy(picked, "Nothing is chosen here: Y copies the panel, C its command.")

    def do_copy_panel(self) -> None:
        """What the focused panel shows."""
        self._copy(self.pane.words, "", f"panel {self.current}")

    def do_copy_command(self) -> None:
        """The command that prints the focused panel."""
        self._copy(self.pane.line, "No command prints this panel.")

    def _copy(self, words: str, none: str, said: str = "") -> None:
        """Copies it, and says so; `none` is said where there is nothing."""
        if words:
            self.app.copy_to_clipboard(words)
        self._say(f"copied: {said or words}" if words else none)

    def do_all_lines(self) -> None:
        """All lines of the log with the matches marked, or the matches alone."""
        self.focus_pane(LogPane.pane_id)
        self._say(self.log_pane.show_all())

    def _say(self, words: str) -> None:
        if words:
            self.notify(words, timeout=4, markup=False)

    def do_zoom(self) -> None:
        """The focused panel alone, or all again."""
        self.zoomed = not self.zoomed
        self.place(*self.app.size)

    def do_narrow(self) -> None:
        """A shorter time axis."""
        self.time.widen(-1)

    def do_widen(self) -> None:
        """A longer time axis."""
        self.time.widen(1)

    def do_window(self) -> None:
        """The usual time axis."""
        self.time.widen(0)
