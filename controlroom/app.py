"""The application: owns the frame clock, hands keys to actions, leaves the terminal clean."""

from __future__ import annotations

import contextlib
import gc
import inspect
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import ModalScreen
from textual.worker import Worker, WorkerState

from controlroom import terminal
from controlroom.commands.exits import ReadOnlyError
from controlroom.commands.lock import Lock
from controlroom.commands.ports import LooksBack, ShowsDetails, TellsRuns
from controlroom.commands.registry import available, named, with_key
from controlroom.layouts import DEFAULT, Layout
from controlroom.model.frame import LOG, Frame
from controlroom.panes.log import LogPane
from controlroom.panes.look import Look
from controlroom.screens import drawings, framing
from controlroom.screens.above import Above
from controlroom.screens.covering import Covering
from controlroom.screens.driver import RoomDriver
from controlroom.screens.looking import Looking
from controlroom.screens.room import RoomScreen
from controlroom.screens.theming import Theming
from controlroom.screens.toasts import Toasting
from controlroom.screens.travelling import Travelling
from controlroom.screens.typeahead import Typeahead, Typed
from controlroom.screens.wall import ALLOWED, PACE, Wall
from controlroom.settings import SettingsError

if TYPE_CHECKING:
    from controlroom.commands.command import Command
    from controlroom.commands.ports import Commands, FrameSource, Playable
    from controlroom.screens.flows import Flows
    from controlroom.screens.neighbours import Announce, Neighbours
    from controlroom.screens.page import Below

LOCAL_HZ, REMOTE_HZ = 10.0, 5.0
"""Frames a second where no number of them is set."""
CALM_TICKS = 5
"""Of so many turns of the frame clock one draws, while the source is `calm` and nobody types."""
LOCAL_PLOTS, REMOTE_PLOTS = 0.5, 1.0
"""Seconds between two drawings of the plots."""
BEHIND = 1.0
"""Seconds between two drawings of the room behind a dialog, which nobody reads meanwhile."""
Ready = Callable[[], Awaitable[None] | None]


class ControlRoom(Toasting):
    """The room. Draws at once; `on_ready` is called after the first picture and starts feeds."""

    TITLE = "controlroom"
    CSS = "Toast { max-width: 76; } ToastRack { margin-bottom: 4; }" + framing.CSS
    """Toasts stay above the run strip, which is never to be covered."""
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "do('quit')", show=False),
        Binding("ctrl+z", "do('suspend')", show=False, priority=True),
    ]

    def __init__(
        self,
        source: FrameSource,
        commands: Commands,
        *,
        on_ready: Ready | None = None,
        read_only: bool = False,
        lock: Lock | None = None,
        ascii_only: bool = False,
        theme: str = "dark",
        layout: Layout = DEFAULT,
        fps: int = 0,
        wall: bool = False,
        wall_seconds: int = PACE,
        clock: Callable[[], float] = time.time,
        notes: Sequence[str] = (),
        playback: Playable | None = None,
        announce: Announce | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        self.remote = terminal.over_ssh()
        self._hz = float(fps) or (REMOTE_HZ if self.remote else LOCAL_HZ)
        super().__init__(driver_class=driver_class or self._driver_for(self.remote))
        self.source = source
        self.commands = commands
        self.on_ready = on_ready
        self.lock = lock or Lock(read_only)
        self.clock = clock
        self.playback = playback
        """The source, where that is a recording."""
        self.notes = notes
        """What is said once the room is there."""
        self.look = Look(ascii_only)
        self.ascii_only = ascii_only
        self.probing = os.environ.get("CONTROLROOM_PROBE") == "1"
        self.paused_at: int | None = None
        self._typeahead = Typeahead(self, self._hand_on)
        self._keys = 0
        self._behind = 0.0
        self._skipped = CALM_TICKS
        self._said_ready = ""
        self._settled = False
        self._flows: Flows | None = None
        self._undo_signals: Callable[[], None] = lambda: None
        pace = REMOTE_PLOTS if self.remote else LOCAL_PLOTS
        self.room = RoomScreen(self.look, source.frame(clock()), pace, layout)
        if isinstance(source, LooksBack):
            self.room.looking = Looking(source.past, self._work, self.room.look_back)
        self._announce = announce
        self.neighbours: Neighbours | None = None
        """The rooms of others, once there is a picture; None in a recording."""
        self.theming = Theming(self, self.look, theme)
        self.wall = Wall(self.room, wall_seconds, self._go_on, self._say)
        self._wall_at_once = wall
        self.travelling = Travelling(self.room, playback, self._moved, self._say)
        self.above = Above(
            self.room, source, clock, lambda: self.below, lambda: self.neighbours,
            lambda run: self._work(self.flows.run(run), "runs"), self.tick,
        )  # fmt: skip
        self._bind_keys(read_only)

    def _bind_keys(self, read_only: bool) -> None:
        """In a recording every key answers, if only that nothing can be changed there."""
        for action in with_key(read_only and self.playback is None):
            if action.id not in ("palette", "suspend"):
                self.bind(action.key, f"do('{action.id}')", description=action.title, show=False)

    @property
    def read_only(self) -> bool:
        """Whether it may not act now."""
        return self.lock.on

    def opened(self, mouse: bool = True) -> int:
        """Runs in this terminal until it is left; answers the exit code.

        Raises what ended the room where it was not left, once the terminal is restored.
        """
        self.run(mouse=mouse)
        terminal.let_go()
        if self._exception is not None:
            raise self._exception
        return self.return_code or 0

    def _fatal_error(self) -> None:
        """Ends the room; what is said of the error, and where it is kept, is the caller's to say,
        on a terminal that can be read again."""
        self._close_messages_no_wait()

    @staticmethod
    def _driver_for(remote: bool) -> type[Driver]:
        """One that counts bytes when they travel."""
        if not remote:
            return RoomDriver
        from controlroom.screens.counting import CountingDriver

        return CountingDriver

    def get_default_screen(self) -> RoomScreen:
        """The room is the first screen, so that the first picture is already the room."""
        return self.room

    def pop_screen(self) -> AwaitComplete:
        """Nothing of what was above stays."""
        drawings.let_go()
        return super().pop_screen()

    def on_mount(self) -> None:
        """Starts the frame clock; the feeds start after the first picture."""
        self._undo_signals = terminal.end_on_signals(self._leave)
        self._frame_clock = self.set_interval(1 / self._hz, self.tick)
        self.set_interval(1.0, self._account)
        self.tick()
        self.call_after_refresh(self._first_picture)

    def _lose_terminal(self) -> None:
        """Ends as at SIGHUP, which most processes get when their terminal is gone."""
        self._frame_clock.stop()
        code = 128 + signal.SIGHUP
        terminal.end_soon(code)
        self.exit(return_code=code)

    def _leave(self, code: int) -> None:
        """Called between two instructions by a signal: only asks the loop to end the room."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(partial(self.exit, return_code=code))

    def on_unmount(self) -> None:
        """Restores the signal handlers; from now on every key is ignored."""
        self._typeahead.close()
        self._undo_signals()

    async def _first_picture(self) -> None:
        gc.enable()
        if self._wall_at_once:
            self.wall.begin()
        for note in self.notes:
            self.notify(note, severity="warning", timeout=12, markup=False)
        if self._announce is not None:
            from controlroom.screens.neighbours import Neighbours

            self.neighbours = Neighbours(self, self.room, self._announce)
            self._work(self.neighbours.run(), "neighbours")
        if self.on_ready is not None:
            answer = self.on_ready()
            if inspect.isawaitable(answer):
                self._work(answer, "feeds")

    def tick(self) -> None:
        """Draws the newest frame, unless the terminal cannot take it now: frames never queue."""
        if not self._screen_stack:  # the room is being left
            return
        if not self.is_headless:
            if terminal.hung_up(sys.__stderr__):
                self._lose_terminal()
                return
            if not terminal.writable(sys.__stderr__):
                return
        self._skipped += 1
        if self._skipped < CALM_TICKS and getattr(self.source, "calm", False):
            return
        self._skipped = 0
        frame = self.source.frame(self.clock(), self.room.tallies.chosen)
        if self.playback is not None:
            self.room.header.replaying(self.playback.said)
        if self.paused_at is not None:
            self.room.header.say(paused=_arrived(frame) - self.paused_at)
            return
        if self.screen is not self.room and frame.now - self._behind < BEHIND:
            return
        self._behind = frame.now
        self.room.show(frame)
        seen = self.room.detailed and (self.screen is self.room or self.screen.is_modal)
        if seen and isinstance(self.source, ShowsDetails):
            self.source.see()
        if not self._settled and self.room.has_data(frame):
            self._settle()

    def _settle(self) -> None:
        """Once everything is loaded: no key waits for a garbage collection of these objects."""
        self._settled = True
        if not self.is_headless:  # a process under test holds more than the room
            gc.collect()
            gc.freeze()
        if self.probing:
            self._said_ready = "READY"
            self._probe()

    def _account(self) -> None:
        """Once a second: counts the bytes that the screen sends to the terminal, and sees whether
        the user's theme was saved."""
        try:
            self.theming.reload()
        except SettingsError as error:
            self.notify(f"{error} {error.fix}", severity="error", markup=False)
        if self.remote:
            take = getattr(self._driver, "take_bytes", None)
            speed = f" {take() / 1000:.0f} KB/s" if take else ""
            self.room.header.say(remote=f"ssh {self._hz:g} Hz{speed}")

    async def on_event(self, event: events.Event) -> None:
        """Queues keys. Ctrl+c is handled at once where a dialog takes long to open."""
        if isinstance(event, events.InputEvent | Typed):
            self._skipped = CALM_TICKS
            if not isinstance(event, Typed) and self.wall.refuses(event):
                return
        fresh = isinstance(event, Typed) and not event.is_forwarded
        if not fresh:
            await super().on_event(event)
        elif self._typeahead.holding and getattr(event, "key", "") == "ctrl+c":
            self.do_quit()
        else:
            self._typeahead.take(cast("Typed", event))

    async def _hand_on(self, event: Typed) -> None:
        """Handles one key, and counts it for the latency probe."""
        if self.wall.refuses(event):
            return
        await super().on_event(event)
        if self.probing and isinstance(event, events.Key):
            self._keys += 1
            self._probe()

    def _probe(self) -> None:
        keys = f"K:{self._keys:04d}" if self._keys else ""
        self.room.header.say(probe=f"{self._said_ready} {keys}".strip())

    async def action_do(self, action_id: str) -> None:
        """Carries out the action of that id, wherever it lives; refuses what is not there."""
        action = named(action_id)
        if action not in available(self.read_only):
            self._refuse(action)
            return
        if self.wall.on and action_id not in ALLOWED:
            self.wall.refuse()
            return
        if not self._reaches(action):
            return
        if action_id.startswith("pane_"):
            self.room.focus_pane(action_id.removeprefix("pane_"))
            return
        places = (self.room, self.travelling, self.wall, self.above, self)
        here = [done for at in places if (done := getattr(at, f"do_{action_id}", None))]
        if here:
            here[0]()
        elif not isinstance(self.screen, ModalScreen):
            self._work(self.flows.course(action_id), action.id)

    def _reaches(self, action: Command) -> bool:
        """Whether the action means anything where a page is open, which says so where it does not;
        the number of a panel goes back to the room first."""
        return not isinstance(self.screen, Covering) or self.screen.leave_for(action)

    @property
    def below(self) -> Below:
        """What pages know of the room."""
        from controlroom.screens.page import Below

        return Below(self.look, lambda: self.source.frame(self.clock()), self.commands)

    def _refuse(self, action: Command) -> None:
        """Refuses a command; the audit has it where it would have changed something."""
        if action.changes:
            with contextlib.suppress(ReadOnlyError):
                self.commands.refuse(action.id)
        refusal = self.playback.refusal if self.playback else "This room is read-only."
        self.notify(refusal, severity="warning", markup=False)

    @property
    def flows(self) -> Flows:
        """Dialogs are imported when the first one is needed."""
        if self._flows is None:
            from controlroom.screens.flows import Flows

            source = self.source
            tell = source.tell if isinstance(source, TellsRuns) else lambda runs: None
            self._flows = Flows(
                self, self.room, self.commands, self._typeahead, self.below, tell, self.lock
            )
        return self._flows

    def action_command_palette(self) -> None:
        """Every action by name. A dialog that is open comes first."""
        from textual.command import CommandPalette

        from controlroom.screens.palette import Actions

        if not isinstance(self.screen, ModalScreen):
            self.push_screen(CommandPalette([Actions], placeholder="Find an action"))

    def do_palette(self) -> None:
        """Every action by name."""
        self.action_command_palette()

    def do_quit(self) -> None:
        """Leaves the room; runs go on in their own processes."""
        self.exit(return_code=0)

    def do_suspend(self) -> None:
        """Gives the terminal to the shell until it says fg."""
        driver = cast("RoomDriver", self._driver)
        if self.is_headless or not driver.suspend_job():
            self.notify("There is no shell here to come back from.", markup=False)

    def action_focus_next(self) -> None:
        """Of panels the next one of the layout, also from one that it does not show."""
        if self.screen is self.room:
            self.room.do_next_pane()
        elif self._reaches(named("next_pane")):
            super().action_focus_next()

    def action_focus_previous(self) -> None:
        """The other way."""
        if self.screen is self.room:
            self.room.do_previous_pane()
        elif self._reaches(named("previous_pane")):
            super().action_focus_previous()

    def do_theme(self) -> None:
        """Other colours."""
        self.notify(f"Theme {self.theming.next()}.", markup=False)

    def do_mouse(self) -> None:
        """Takes the mouse, or leaves it to the terminal."""
        if not isinstance(self._driver, RoomDriver):
            self.notify("This terminal has no mouse to switch.", markup=False)
        elif self._driver.switch_mouse():
            self.notify("The room has the mouse.", markup=False, timeout=3)
        else:
            self.notify("The terminal has the mouse: it selects text.", markup=False, timeout=3)

    def do_pause(self) -> None:
        """Holds the screen, or the recording, still, or goes on."""
        if self.travelling.hold():
            return
        frame = self.source.frame(self.clock())
        self.paused_at = None if self.paused_at is not None else _arrived(frame)
        self.room.header.say(paused=None if self.paused_at is None else 0)
        self.tick()

    def _go_on(self) -> None:
        if self.paused_at is not None:
            self.do_pause()

    def _say(self, words: str) -> None:
        self.notify(words, markup=False)

    def _moved(self) -> None:
        """A recording stands elsewhere."""
        self._skipped = CALM_TICKS
        self.tick()

    def on_tallies_pane_changed(self) -> None:
        """Asks for another phase or match at once."""
        self.tick()

    def on_log_pane_older_wanted(self, message: LogPane.OlderWanted) -> None:
        """Lines from before the ring."""
        self._work(self.flows.older(message.before_first, message.n), "older", exclusive=True)

    def _work(self, work: Awaitable[None], group: str, exclusive: bool = False) -> None:
        """Runs it beside the screen. An unforeseen error is shown, and the room goes on."""
        self.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says what went wrong in a worker."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            self.log.error(event.worker.group, error)
            self.flows.say(f"{event.worker.group}: {type(error).__name__}: {error}", bad=True)


def _arrived(frame: Frame) -> int:
    view = frame[LOG].value
    return 0 if view is None else view.first + len(view.lines) + view.skipped
