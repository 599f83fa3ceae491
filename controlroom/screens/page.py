"""A page: a full screen above the room that answers one question. Esc goes back one page.

A page is fed by the room's frames, by questions of its own (`load`), or by both. Questions are
asked beside the screen and are bounded in time; what was answered last stays while one fails.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, overload

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.strip import Strip

from controlroom.commands.exits import CommandError
from controlroom.commands.ports import Commands
from controlroom.feeds.errors import explain
from controlroom.model.frame import Frame, Key
from controlroom.model.marking import PRODUCTION
from controlroom.panes import text
from controlroom.panes.header import place_of
from controlroom.panes.look import Look
from controlroom.panes.pane import Rows
from controlroom.panes.signs import spelled
from controlroom.panes.text import Span
from controlroom.screens.covering import OF_PAGES, Covering, HelpRow
from controlroom.screens.framing import framed

REDRAW = 0.5
"""Seconds between two pictures; nobody reads figures that change faster."""
KEYS = (("esc", "back"), ("y", "copy"), ("Y", "copy all"), ("r", "ask again"))
"""Keys that every page has, as its footer names them."""

CONNECTING = "connecting"


@dataclass(frozen=True, slots=True)
class Below:
    """What pages know of the room that they are above."""

    look: Look
    frame: Callable[[], Frame]
    """The newest one. Cheap."""
    commands: Commands
    """Who answers questions."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a page. Spans hold no control characters."""

    spans: tuple[Span, ...] = ()
    after: tuple[Span, ...] = ()
    """What stands at the right end."""
    opens: Callable[[], Page] | None = None
    """The page that Enter opens; a row that opens or copies something can be chosen."""
    copies: str = ""
    """What `y` copies, where it is not the words of the row."""

    @property
    def picked(self) -> bool:
        """Whether it can be chosen."""
        return self.opens is not None or bool(self.copies)

    @property
    def words(self) -> str:
        """As plain text."""
        parts = ["".join(words for words, _ in spans) for spans in (self.spans, self.after)]
        return "  ".join(part.strip() if n else part for n, part in enumerate(parts)).rstrip()


class Many(Sequence[Line]):
    """Rows of which only those that are seen are made; each of them can be chosen."""

    def __init__(self, count: int, make: Callable[[int], Line]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return [self._make(each) for each in range(*index.indices(self._count))]
        return self._make(range(self._count)[index])


class PageRows(Rows):
    """Draws a page: where one is, what is said, and its keys. Only rows that change are sent."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.below.look, id="page")
        self.page = page

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Whatever it shows may be new: pages draw twice a second, not with each frame."""
        return (object(),)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """Header, head, lines from `first` on, state, footer."""
        return self.page.composed(frame, width, height)


class Page(Covering):
    """Subclasses say `lines`, and `load` where they ask something of their own."""

    DEFAULT_CSS = """
    Page { background: $background; }
    Page PageRows { width: 100%; height: 100%; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,backspace", "back"),
        ("up,k", "move(-1)"),
        ("down,j", "move(1)"),
        ("pageup,ctrl+u", "leaf(-1)"),
        ("pagedown,ctrl+d", "leaf(1)"),
        ("g,home", "first"),
        ("G,end", "last"),
        ("enter", "open"),
        ("y", "copy"),
        ("Y", "copy_all"),
        ("C", "copy_command"),
        ("r", "again"),
    ]
    AUTO_FOCUS = None
    keys: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Keys of its own, for its footer: (key, what it does)."""
    panel: ClassVar[Key[object] | None] = None
    """The part of the frame that it shows; what is wrong with its source is said."""
    source: ClassVar[str] = ""
    """Who is asked, as a feed is named; for the sentence where that does not answer."""
    every: float = 0.0
    """Seconds between two questions; 0 asks once."""
    patience: ClassVar[float] = 10.0
    """Seconds that one question may take."""
    redraw: ClassVar[float] = REDRAW
    """Seconds between two pictures."""
    follows: ClassVar[bool] = False
    """Whether its end is what is shown first, and stays shown while lines come."""

    def __init__(self, below: Below, *crumbs: str) -> None:
        """`crumbs`: where it stands, after what the pages below it say."""
        super().__init__()
        self.below = below
        self.crumbs = crumbs
        self.following = self.follows
        self.answered: float | None = None
        """When `load` came to its end, seconds since the epoch."""
        self.trouble = ""
        """Why the last question has no answer; empty where it has one."""
        self.fix = ""
        self.progress = ""
        """How far a question is that takes long; `load` says it."""
        self._rows = PageRows(self)
        self._chosen = 0
        self._first = 0
        self._shown: Sequence[Line] = ()
        self._room = 1
        self._asked = time.monotonic()
        self._again = asyncio.Event()

    async def load(self) -> None:
        """Asks what the page shows, and keeps it. Raises what the source raises."""

    async def let_go(self) -> None:
        """Ends what it has open."""

    def of(self, below: Below) -> Page | None:
        """The same page of another target; None where it is about a thing of its own target."""
        return None

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """What is shown, which may be longer than the screen. Called only when there was an answer,
        or when nothing is asked. `width` in cells."""
        raise NotImplementedError

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """Rows that stay above the lines."""
        return ()

    @property
    def command(self) -> str:
        """The command line that tells the same; empty where there is none."""
        return ""

    @property
    def help_rows(self) -> Sequence[HelpRow]:
        """Its own keys, then those of every page."""
        return (*self.keys, *OF_PAGES)

    @property
    def value(self) -> str:
        """What `y` copies where no row can be chosen."""
        return self.command

    @property
    def asks(self) -> bool:
        """Whether it has questions of its own."""
        return type(self).load is not Page.load

    @property
    def chosen(self) -> Line | None:
        """The row that is chosen."""
        picked = self._picked()
        return self._shown[picked[min(self._chosen, len(picked) - 1)]] if picked else None

    def compose(self) -> ComposeResult:
        """One picture."""
        yield self._rows

    def on_mount(self) -> None:
        """Draws at once, then again and again; asks beside it."""
        framed(self, self.below.look, self.below.frame())
        self.set_interval(self.redraw, self.draw)
        self.call_after_refresh(self.draw)
        if self.asks:
            self.ask_anew()

    def ask_anew(self) -> None:
        """Asks; a question that is on ends without an answer."""
        self.run_worker(self.keep_asking(), group="page", exclusive=True, exit_on_error=False)

    async def on_unmount(self) -> None:
        """Nothing stays open."""
        await self.let_go()

    def on_screen_resume(self) -> None:
        """Back from a page above, or from a dialog."""
        self.draw()

    def on_resize(self) -> None:
        """A frame that has no room any more goes."""
        framed(self, self.below.look, self.below.frame())

    def draw(self) -> None:
        """Draws what is known now. What lies under a dialog stays as it is, so that it is not sent
        again and again."""
        if self.app.screen is self:
            self._rows.show(self.below.frame())

    async def keep_asking(self) -> None:
        """Asks again and again; ends when it is cancelled."""
        while True:
            self._again.clear()
            self._asked = time.monotonic()
            await self._ask()
            self.draw()
            wait = self.every if not self.trouble else max(self.every, 2.0)
            try:
                async with asyncio.timeout(wait or None):
                    await self._again.wait()
            except TimeoutError:
                continue

    async def _ask(self) -> None:
        """One question; whatever goes wrong is said on the page."""
        try:
            async with asyncio.timeout(self.patience or None):
                await self.load()
        except Exception as error:
            told = explain(self.source or "the target", error)
            own = isinstance(error, CommandError | ValueError)
            self.trouble = str(error) if own else told.error
            self.fix = getattr(error, "fix", "") if own else told.fix
        else:
            self.trouble = self.fix = ""
            self.answered = self.below.frame().now
        self.progress = ""

    def open(self, page: Page) -> None:
        """Shows a page above this one."""
        self.app.push_screen(page)

    # what is drawn

    def composed(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """All rows of the screen."""
        head = [self._strip(line, width) for line in self.head(frame, width - 2)]
        ready = not self.asks or self.answered is not None
        self._shown = self.lines(frame, width - 2) if ready else ()
        said = self._state(frame, width - 2)
        self._room = max(1, height - 2 - len(head) - len(said))
        self._keep_in_sight()
        picked = self._picked()
        chosen = picked[self._chosen] - self._first if picked else -1
        seen = self._shown[self._first : self._first + self._room]
        body = [self._strip(one, width, n == chosen) for n, one in enumerate(seen)]
        blank = text.row([], width, self.below.look.text)
        body += [blank] * (self._room - len(body))
        return [
            self._header(frame, width), *head, *body,
            *(self._strip(line, width) for line in said), self._footer(width),
        ]  # fmt: skip

    def _strip(self, line: Line, width: int, chosen: bool = False) -> Strip:
        look = self.below.look
        mark = (look.signs.run if chosen else " ", look.key)
        spans = [mark, *((spelled(words, look.signs), style) for words, style in line.spans)]
        after = [(spelled(words, look.signs), style) for words, style in line.after]
        after += [(" ", look.text)] if after else []
        room = max(1, width - sum(text.width_of(words) for words, _ in after))
        return text.ends(text.fitted(spans, room, look.signs), after, width, look.text)

    def _trouble(self, frame: Frame) -> tuple[str, str]:
        """What is wrong and what to do: of its own question, else of the panel's source."""
        if self.trouble or self.panel is None:
            return self.trouble, self.fix
        health = frame[self.panel].health
        if health.state == "connecting":
            return CONNECTING, ""
        if health.ok or health.state == "stale":
            return "", ""
        facts = [health.error.rstrip(".")] if health.error else []
        facts += [f"since {text.time_of_day(health.since)}"] if health.since else []
        why = f" ({', '.join(facts)})" if facts else ""
        return f"{self.panel.name}: {health.state}{why}", health.fix

    def _state(self, frame: Frame, width: int) -> list[Line]:
        """What is wrong, or how far the first question is."""
        look = self.below.look
        trouble, fix_told = self._trouble(frame)
        if trouble == CONNECTING:
            return [Line(((f"{CONNECTING}{look.signs.ellipsis}", look.dim),))]
        if trouble:
            words = text.wrapped(text.clean(f"{look.signs.fault} {trouble}"), width)
            fix = text.wrapped(text.clean(fix_told), width)
            lines = [*((line, look.warn) for line in words), *((line, look.dim) for line in fix)]
            return [Line(((words, style),)) for words, style in lines]
        waits = time.monotonic() - self._asked
        if self.progress:
            return [Line(((self.progress, look.accent),))]
        if self.asks and self.answered is None:
            gone = f" {int(waits)} s" if waits >= 1 else ""
            return [Line(((f"asking{look.signs.ellipsis}{gone}", look.dim),))]
        return []

    def _header(self, frame: Frame, width: int) -> Strip:
        """Where one is; how old the answer is and of which target."""
        look, signs = self.below.look, self.below.look.signs
        pages = [each for each in self.app.screen_stack if isinstance(each, Page)]
        below = pages[: pages.index(self) + 1] if self in pages else [self]
        *before, last = ["room", *(crumb for page in below for crumb in page.crumbs)]
        gap = f" {signs.right} "
        after: list[Span] = []
        if self.answered is not None and self.every:
            old = text.age(max(0.0, frame.now - self.answered))
            style = look.warn if self.trouble else look.dim
            after = [(f"{'old: ' if self.trouble else ''}{old} {signs.dot} ", style)]
        if frame.marking.production:
            after += [(f" {PRODUCTION} ", look.alarm), (" ", look.text)]
        after += place_of(look, frame, look.dim)
        if frame.read_only:
            after += [("  ", look.text), (" read-only ", look.badge)]
        room = width - sum(text.width_of(words) for words, _ in after) - 3
        path = gap.join(text.clean(one) for one in before) + gap
        name = text.clean(last)
        if text.width_of(path) + text.width_of(name) > room:
            path = f"{signs.ellipsis}{gap}"
        name = text.fit(name, min(text.width_of(name), room - text.width_of(path)), signs)
        spans = [(" ", look.text), (path, look.dim), (name, look.focus)]
        return text.ends(spans, [*after, (" ", look.text)], width, look.text)

    def _footer(self, width: int) -> Strip:
        """The keys, and where in the lines one is."""
        look, signs = self.below.look, self.below.look.signs
        end = self._first + self._room
        count = len(self._shown)
        place = f"{self._first + 1}-{min(count, end)} of {count:,}" if count > self._room else ""
        if self.follows:
            place = f"{'follow' if self.following else 'held'} {signs.dot} {place}".rstrip(" ·/")
        seen = self._shown[self._first : end]
        opens = [("enter", "open")] if any(line.opens for line in seen) else []
        keys = [KEYS[0], *opens, *self.keys, *(KEYS[1:] if self.asks else KEYS[1:-1])]
        room = width - text.width_of(place) - 4
        while sum(len(k) + len(w) + 3 for k, w in keys) > room and len(keys) > 2:
            keys.pop()
        spans: list[Span] = [(" ", look.text)]
        for key, words in keys:
            spans += [(spelled(key, signs), look.key), (f" {words}  ", look.dim)]
        return text.ends(spans, [(f"{place} ", look.dim)], width, look.text)

    # where one is in the lines

    def _picked(self) -> Sequence[int]:
        """Indexes of the rows that can be chosen."""
        if isinstance(self._shown, Many):
            return range(len(self._shown))
        return [index for index, line in enumerate(self._shown) if line.picked]

    def _keep_in_sight(self) -> None:
        """The first visible line is such that the screen is full, and the chosen row is on it."""
        most = max(0, len(self._shown) - self._room)
        if self.following:
            self._first = most
        picked = self._picked()
        if picked:
            self._chosen = len(picked) - 1 if self.following else self._chosen
            self._chosen = max(0, min(self._chosen, len(picked) - 1))
            at = picked[self._chosen]
            if self._chosen == 0 and at < self._room:
                # what stands above the first row is seen with it
                self._first = 0
            self._first = min(max(self._first, at - self._room + 1), at)
        self._first = max(0, min(self._first, most))

    def action_back(self) -> None:
        """The page below, or the room."""
        self.dismiss()

    def action_move(self, step: int) -> None:
        """The row before or after, or a line where none can be chosen."""
        picked = self._picked()
        if picked:
            at = self._chosen + step
            self.following = self.follows and at >= len(picked)
            self._chosen = max(0, min(at, len(picked) - 1))
        else:
            most = max(0, len(self._shown) - self._room)
            self.following = self.follows and self._first + step >= most
            self._first = max(0, min(self._first + step, most))
        self.draw()

    def action_leaf(self, step: int) -> None:
        """A screen back or on."""
        self.action_move(step * max(1, self._room - 1))

    def action_first(self) -> None:
        """The first line."""
        self.action_move(-len(self._shown) - 1)

    def action_last(self) -> None:
        """The last one; follows again where lines come."""
        self.action_move(len(self._shown) + 1)

    def action_open(self) -> None:
        """What the chosen row stands for."""
        line = self.chosen
        if line is not None and line.opens is not None:
            self.open(line.opens())

    def action_copy(self) -> None:
        """The chosen row's value, else that of the page."""
        line = self.chosen
        copied = (line.copies or line.words.strip()) if line is not None else self.value
        self._copied(copied)

    def action_copy_all(self) -> None:
        """All that is shown."""
        self._copied(self.words)

    def action_copy_command(self) -> None:
        """The command line that prints the same."""
        self._copied(self.command)

    @property
    def words(self) -> str:
        """All lines, what stands above them, and the command that prints the same."""
        frame, width = self.below.frame(), 200
        rows = [line.words for line in (*self.head(frame, width), *self._shown)]
        return "\n".join([f"$ {self.command}", *rows] if self.command else rows)

    def _copied(self, words: str) -> None:
        if not words:
            self.app.notify("There is nothing here to copy.", markup=False)
            return
        self.app.copy_to_clipboard(words)
        lines = words.count("\n") + 1
        said = f"{lines} lines" if lines > 1 else words[:60]
        self.app.notify(f"copied: {said}", markup=False, timeout=3)

    def action_again(self) -> None:
        """Asks now."""
        self._again.set()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three lines on."""
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three lines back."""
        self.action_move(-3)
