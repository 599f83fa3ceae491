"""A page of every target side by side: the same question, asked of each.

It is looked at only: what is opened, copied or filtered belongs to the page of one target.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.strip import Strip

from controlroom.model.frame import Frame
from controlroom.panes import text
from controlroom.panes.layout import MINIMUM
from controlroom.panes.look import Look
from controlroom.panes.pane import Rows
from controlroom.panes.signs import spelled
from controlroom.screens.covering import Covering, HelpRow
from controlroom.screens.framing import framed_for_all
from controlroom.screens.page import REDRAW, Page

KEYS = (("esc", "back"), ("↑↓ pgup pgdn", "move all"), ("r", "ask again"))


class BesideRows(Rows):
    """Draws the pages beside each other, below each other where there is no room."""

    def __init__(self, look: Look, pages: Sequence[Page]) -> None:
        super().__init__(look, id="beside")
        self._pages = pages

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Whatever they show may be new."""
        return (object(),)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """Each page without its keys, and in the last row those of all."""
        count = len(self._pages)
        if width >= MINIMUM[0] * count:
            rows = self._beside((width - count + 1) // count, height - 1)
        else:
            rows = [
                row for page in self._pages for row in _page(page, width, (height - 1) // count)
            ]
        blank = text.row([], width, self.look.text)
        rows = [row.adjust_cell_length(width, self.look.text) for row in rows]
        return [*rows, *[blank] * (height - 1 - len(rows)), self._keys(width)]

    def _beside(self, width: int, height: int) -> list[Strip]:
        edge = text.row([(self.look.signs.down, self.look.dim)], 1, self.look.text)
        columns = [_page(page, width, height) for page in self._pages]
        return [
            Strip.join([part for cell in cells for part in (edge, cell)][1:])
            for cells in zip(*columns, strict=True)
        ]

    def _keys(self, width: int) -> Strip:
        look, spans = self.look, [(" ", self.look.text)]
        for key, words in KEYS:
            spans += [(spelled(key, look.signs), look.key), (f" {words}  ", look.dim)]
        return text.row(spans, width, look.text)


def _page(page: Page, width: int, height: int) -> list[Strip]:
    return page.composed(page.below.frame(), width, height + 1)[:height]


class BesideScreen(Covering):
    """Has every page ask its own target until it is left."""

    DEFAULT_CSS = """
    BesideScreen { background: $background; }
    BesideScreen BesideRows { width: 100%; height: 100%; background: $background; }
    """
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,v,q,backspace", "dismiss"),
        ("up,k", "each('move', -1)"),
        ("down,j", "each('move', 1)"),
        ("pageup,ctrl+u", "each('leaf', -1)"),
        ("pagedown,ctrl+d", "each('leaf', 1)"),
        ("g,home", "each('first')"),
        ("G,end", "each('last')"),
        ("r", "each('again')"),
    ]

    refuses = ("restart", "scale")

    def __init__(
        self, look: Look, pages: Sequence[Page], frames: Callable[[], Sequence[Frame]]
    ) -> None:
        """`pages`: one for each target, which are on no screen of their own."""
        super().__init__()
        self._look = look
        self._pages = pages
        self._frames = frames
        self._rows = BesideRows(look, pages)

    @property
    def crumbs(self) -> tuple[str, ...]:
        """What is shown, for the name of a file."""
        return ("side by side", *(self._pages[0].crumbs if self._pages else ()))

    @property
    def words(self) -> str:
        """What each page shows, under the name of its target."""
        return "\n\n".join(f"{page.below.frame().target}\n{page.words}" for page in self._pages)

    @property
    def help_rows(self) -> Sequence[HelpRow]:
        """What it understands."""
        return (
            ("esc v q", "back to the page of one cluster"),
            ("↑ ↓ g G", "move all: a line on or back, to the first or the last"),
            ("PgUp PgDn", "a screen back or on"),
            ("r", "ask every cluster again now"),
            ("e", "write what is shown to a file, as text or as a picture"),
        )

    def compose(self) -> ComposeResult:
        """One picture."""
        yield self._rows

    def on_mount(self) -> None:
        """Draws at once, then again and again; every page asks beside it."""
        self.on_resize()
        self.set_interval(REDRAW, self._draw)
        self.call_after_refresh(self._draw)
        for page in self._pages:
            if page.asks:
                self.run_worker(page.keep_asking(), group="beside", exit_on_error=False)

    async def on_unmount(self) -> None:
        """Pages let go of what they have open."""
        for page in self._pages:
            await page.let_go()

    def on_resize(self) -> None:
        """The frame of production, where one of the targets is."""
        framed_for_all(self, self._look, self._frames())

    def action_each(self, name: str, *by: int) -> None:
        """An action of every page."""
        for page in self._pages:
            getattr(page, f"action_{name}")(*by)
        self._draw()

    def _draw(self) -> None:
        if self.app.screen is self:
            self._rows.show(self._frames()[0])
