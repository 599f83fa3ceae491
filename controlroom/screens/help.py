"""Help: every key and every verb, from the registry, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Button, Input, Static

from controlroom.commands.registry import panes, verbs, with_key
from controlroom.panes.signs import Signs, spelled
from controlroom.panes.text import wrapped
from controlroom.screens.covering import OF_FILTERS, OF_PAGES, HelpRow
from controlroom.screens.dialog import Dialog

_GROUPS = ("look", "act", "room")
_KEY, _WORDS = 13, 58
_COLUMN = 54
"""Cells that a column has at least, where there are several."""
_BOX = 0.96
_LEVELS = {"harmless": "", "reversible": " (asks)", "blast": " (asks for a name)"}
Row = HelpRow
"""Keys and what they do; a heading has no words."""


class HelpDialog(Dialog[None]):
    """All keys of this room, those of the page or of the focused panel first, then what can be
    typed."""

    DEFAULT_CSS = """
    HelpDialog > #box { width: 96%; max-width: 154; height: auto; }
    HelpDialog #body { height: auto; max-height: 100%; }
    HelpDialog #search { width: 1fr; max-width: 100%; }
    HelpDialog #buttons { margin: 0; align-horizontal: left; }
    HelpDialog #buttons Static { width: 1fr; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("question_mark,f1,q", "back"),
        ("down,j", "go(1)"),
        ("up,k", "go(-1)"),
        ("pagedown,space", "go(10)"),
        ("pageup", "go(-10)"),
        ("home,g", "go(-1000)"),
        ("end,G", "go(1000)"),
        ("slash", "search"),
    ]
    heading = "help"

    def __init__(
        self,
        read_only: bool,
        signs: Signs,
        keys: Sequence[tuple[str, str, str]] = (),
        here: Sequence[Row] = (),
    ):
        """`keys` are those that panels understand: (panel, keys, what they do); `here` those of the
        page that is open, none in the room."""
        super().__init__()
        of_pages = [("pages", *row) for row in (*OF_PAGES[:2], *OF_FILTERS, *OF_PAGES[2:])]
        self.keys = (*keys, *of_pages, ("dialogs", "esc", "one step back, nothing is done"))
        self.here = here
        self.read_only = read_only
        self.signs = signs
        self.needle = ""
        self._laid_out = Size(0, 0)

    def body(self) -> ComposeResult:
        yield Static(self.text(), id="help")

    def buttons(self) -> ComposeResult:
        keys = spelled("j k PgUp PgDn scroll · / search · esc back", self.signs)
        yield Static(keys, markup=False)
        yield Input(placeholder="search", id="search", compact=True, disabled=True)
        yield Button("Close", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Keys go to the list, whose own they are. It is laid out before it is painted: a line
        pays for each time that all of it is sent."""
        self.query_one("#search").display = False
        self._lay_out()
        super().on_mount()

    def on_resize(self, event: events.Resize) -> None:
        """Another width has room for other columns; the list takes what the rows leave."""
        if self._laid_out != self.app.size:
            self._lay_out()

    def _lay_out(self) -> None:
        self._laid_out = self.app.size
        rows = int(self._laid_out.height * _BOX) - 3
        self.query_one("#body").styles.max_height = max(3, rows)
        self._redraw()

    def text(self, width: int = _KEY + _WORDS + 2) -> Content:
        """The table of keys, in columns."""
        count = max(1, width // _COLUMN)
        wide = width // count
        words = min(_WORDS, wide - _KEY - 2)
        lines = [line for rows in self._groups() for line in self._lines(rows, words)]
        each = -(-len(lines) // count)
        columns = [lines[n * each : (n + 1) * each] for n in range(count)]
        rows = []
        for n in range(each):
            cells = [column[n] for column in columns if n < len(column)]
            padded = [cell.pad_right(wide - cell.cell_length) for cell in cells[:-1]]
            rows.append(Content("").join([*padded, cells[-1]]))
        return Content("\n").join(rows or [Content("nothing holds that text")])

    def _groups(self) -> Iterator[list[Row]]:
        """Headings with their rows, as far as the search leaves some."""
        for heading, rows in self._all():
            needle = self.needle.casefold()
            found = [row for row in rows if needle in " ".join(row).casefold()]
            if found:
                yield [(heading, ""), *found]

    def _all(self) -> Iterator[tuple[str, list[Row]]]:
        if self.here:
            yield "on this page", list(self.here)
        yield "in a panel", [(keys, f"{pane}: {words}") for pane, keys, words in self.keys]
        for group in _GROUPS:
            actions = [one for one in with_key(self.read_only) if one.group == group]
            rows = [
                (action.label, action.help + _LEVELS[action.level])
                for action in actions
                if not action.id.startswith("pane_")
            ]
            if group == "look":
                focus = (f"1-{min(9, len(panes()))}", f"Focus a panel: {', '.join(panes())}")
                rows.insert(0, focus)
            yield group, rows
        yield "typed after :", [(verb.name, verb.line) for verb in verbs(inside=True)]

    def _lines(self, rows: Sequence[Row], width: int) -> Iterator[Content]:
        """Each key, and what it does in as many lines as it takes."""
        for keys, words in rows:
            if not words:
                yield Content.styled(keys, "bold $accent")
                continue
            first, *more = wrapped(words, width)
            key = f"  {spelled(keys, self.signs)}".ljust(_KEY)
            yield Content.assemble((key, "bold"), first)
            yield from (Content(" " * _KEY + line) for line in more)

    def _redraw(self) -> None:
        width = min(154, int(self.app.size.width * _BOX)) - 5
        self.query_one("#help", Static).update(self.text(width))

    def action_go(self, rows: int) -> None:
        """Scrolls by so many rows."""
        self.query_one("#body", VerticalScroll).scroll_relative(y=rows, animate=False)

    def action_search(self) -> None:
        """Asks for a text; only rows that hold it stay."""
        field = self.query_one("#search", Input)
        field.display = True
        field.disabled = False
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Searches while it is typed."""
        self.needle = event.value
        self._redraw()

    def on_input_submitted(self) -> None:
        """Keys go to the list again; the rows that were found stay."""
        self.query_one("#cancel").focus()

    def action_back(self) -> None:
        """Out of a search first."""
        field = self.query_one("#search", Input)
        if field.display and (field.has_focus or self.needle):
            field.value = ""
            field.display = False
            field.disabled = True
            self.query_one("#cancel").focus()
            return
        super().action_back()
