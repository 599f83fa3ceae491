"""From a key to its command: asks the questions, carries the act out, shows the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from controlroom.commands.chaos import StopAll, StopFault
from controlroom.commands.exits import Declined, Exit
from controlroom.commands.experiment import StartExperiment, StopExperiment
from controlroom.commands.face import FACE
from controlroom.commands.keeping import RemoveRuns
from controlroom.commands.line import Known
from controlroom.commands.lock import Lock
from controlroom.commands.logs import Purge
from controlroom.commands.ports import Commands
from controlroom.commands.question import Fact, Question, preview_facts
from controlroom.commands.read_only import ActAgain, LookOnly
from controlroom.commands.registry import named
from controlroom.commands.run import StartLoad, StopLoad
from controlroom.commands.scale import Restart, Scale
from controlroom.ledger.exporting import write_text
from controlroom.model.frame import LOG
from controlroom.model.needle import NeedleError
from controlroom.model.run import RunView
from controlroom.panes.rows import as_csv, as_json, rows_of
from controlroom.runs.registry import kind_of
from controlroom.runs.spec import LoadSpec
from controlroom.screens.bar import BarDialog
from controlroom.screens.chaos import ChaosDialog, running_facts
from controlroom.screens.confirm import Confirm
from controlroom.screens.covering import Covering
from controlroom.screens.dialog import PROBLEMS, Dialog, sentence_of
from controlroom.screens.effects import EffectsDialog, act_of
from controlroom.screens.experiment import ExperimentDialog
from controlroom.screens.export import ExportDialog, proposed
from controlroom.screens.help import HelpDialog
from controlroom.screens.load import LoadDialog
from controlroom.screens.prompt import FilterDialog, ScaleDialog
from controlroom.screens.room import RoomScreen
from controlroom.screens.run import Hands, RunPage
from controlroom.screens.runs import KEYS as RUNS_KEYS
from controlroom.screens.runs import RunsPage
from controlroom.screens.split import SplitDialog
from controlroom.screens.typeahead import KeyHold, Typeahead
from controlroom.targets.choosing import LOCAL

if TYPE_CHECKING:
    from textual.app import App

    from controlroom.commands.command import Command
    from controlroom.commands.performing import Act
    from controlroom.model.frame import Frame
    from controlroom.screens.page import Below

T = TypeVar("T")
_HOLD: ContextVar[KeyHold | None] = ContextVar("hold", default=None)
"""The key hold of the questions that this task asks."""

OWN = {
    "load", "chaos", "split", "experiment", "runs", "scale", "restart", "effects", "purge",
    "stop_all", "bar", "help", "retry", "filter", "export", "read_only",
}  # fmt: skip
"""Commands with questions of their own here: the method of that name has them."""

_OF_RUNS = ("filter runs", "holds", "such as: load !finished")
_OF_STORED = ("filter stored events", "has", "column=value; empty: all")


class RoomFace:
    """Asks by dialogs of the room. What is said on the way goes to the command bar, where the act
    was typed there."""

    passing = True

    def __init__(self, flows: Flows, bar: BarDialog | None = None) -> None:
        self._flows = flows
        self._bar = bar
        self.room = flows.room
        """Whose panels are arranged."""
        self.lock = flows.lock
        """Whether that may act."""

    def talk(self, text: str) -> None:
        """One line to the person."""
        if self._bar is not None:
            self._bar.say(text)

    def emit(self, text: str) -> None:
        """Data; in a room the same person reads it."""
        self.talk(text)

    def show(self, question: Question) -> None:
        """The question itself shows it."""

    async def ask(self, question: Question) -> None:
        """By a dialog. Raises Declined."""
        await self._flows.ask(question)


class Flows:
    """One method per action that asks something. Each runs in a worker of its own."""

    def __init__(
        self,
        app: App[None],
        room: RoomScreen,
        commands: Commands,
        typeahead: Typeahead,
        below: Below,
        tell: Callable[[tuple[str, ...]], None],
        lock: Lock,
    ) -> None:
        """`tell` says whose stories the frames should have; `lock` whether the room may act."""
        self.lock = lock
        self.app = app
        self.below = below
        self.tell = tell
        self.room = room
        self.commands = commands
        self.last_load: LoadSpec | None = None
        self.history: list[str] = []
        """What was typed in the command bar, oldest first."""
        self._typeahead = typeahead

    @property
    def frame(self) -> Frame:
        """The newest picture."""
        assert self.room.header.frame is not None
        return self.room.header.frame

    def say(self, sentence: str, bad: bool = False) -> None:
        """One sentence for the user, in the corner."""
        if sentence:
            self.app.notify(
                sentence,
                severity="error" if bad else "information",
                timeout=8 if bad else 4,
                markup=False,
            )

    def course(self, action_id: str) -> Awaitable[None]:
        """The questions and the command of an action. Keys wait from now on, before any of it
        runs, until a dialog has the focus or it is clear that none comes."""
        return self._course(action_id, self._typeahead.hold())

    async def _course(self, action_id: str, hold: KeyHold) -> None:
        _HOLD.set(hold)
        try:
            if action_id in OWN:
                await getattr(self, action_id)()
            else:
                await self.typed(named(action_id))
        finally:
            hold.off()

    async def _ask(self, dialog: Dialog[T]) -> T | None:
        """The answer of a dialog; None when it was left."""
        dialog.hold = _HOLD.get()
        return await self.app.push_screen_wait(dialog)

    async def perform(self, act: Act) -> None:
        """Carries an act out, asking what it asks, and says what came of it."""
        FACE.set(RoomFace(self))
        try:
            answer = await self.commands.perform(act)
        except Declined:
            return
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)
            return
        self.say(f"{answer.said} {answer.fix}".strip(), answer.code is not Exit.OK)

    async def ask(self, question: Question) -> None:
        """Asks what an act asks; nothing is asked any more afterwards. Raises Declined."""
        running = running_facts(self.frame) if question.running else []
        if question.preview is not None:
            facts = [*question.facts, *preview_facts(question.preview), *running]
        elif question.running:
            nothing = [("runs now", "nothing that this room knows of")]
            facts = [*(running or nothing), *question.facts]
        else:
            facts = list(question.facts)
        typed = question.typed or None
        dialog = Confirm(question.heading, facts, question.verb, question.command, typed)
        agreed = await self._ask(dialog)
        hold = _HOLD.get()
        if hold is not None:
            hold.off()
        if not agreed:
            raise Declined(f"Not confirmed; nothing was {question.done}.")

    async def attempt(self, work: Awaitable[None]) -> None:
        """What changes nothing, and asks nothing any more."""
        hold = _HOLD.get()
        if hold is not None:
            hold.off()
        try:
            await work
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)

    async def load(self) -> None:
        """A load run. The form is the question; it stays open when the run is refused."""

        async def start(spec: LoadSpec) -> str:
            self.last_load = spec
            FACE.set(RoomFace(self))
            return (await self.commands.perform(StartLoad(spec))).said

        dialog = LoadDialog(start, self.last_load, clustered=self.frame.target != LOCAL)
        self.say(await self._ask(dialog) or "")

    async def chaos(self) -> None:
        """Asks for a fault and a confirmation, then injects it."""
        try:
            files = await self.commands.chaos_files()
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)
            return
        act = await self._ask(ChaosDialog(files, self.commands.preview_fault))
        if act is not None:
            await self.perform(act)

    async def split(self) -> None:
        """Asks for a split and a confirmation, then starts it."""
        try:
            files = await self.commands.split_files()
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)
            return
        act = await self._ask(SplitDialog(files, self.commands.preview_split))
        if act is not None:
            await self.perform(act)

    async def experiment(self) -> None:
        """Asks for an experiment and a confirmation, starts it, and shows it."""
        try:
            files = await self.commands.experiment_files()
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)
            return
        act = await self._ask(ExperimentDialog(files, self._planned))
        if act is None:
            return
        await self.perform(act)
        if act.run is not None:
            await self.run(act.run.id)

    async def export(self) -> None:
        """Writes what is shown, the focused panel or the page above it, to a file."""
        screen, frame = self.app.screen, self.frame
        of_room = screen is self.room
        what = self.room.current if of_room else "-".join(getattr(screen, "crumbs", ()))
        forms = ("csv", "json", "svg") if of_room else ("txt", "svg")
        path = await self._ask(ExportDialog(proposed(f"{frame.scenario}-{what}", forms[0]), forms))
        if path is None:
            return
        rows = rows_of(self.room.pane, frame) if of_room else []
        about = {"panel": what, "scenario": frame.scenario, "target": frame.target, "at": frame.now}
        made: dict[str, Callable[[], str]] = {
            ".csv": lambda: as_csv(rows),
            ".json": lambda: as_json(rows, about),
            ".txt": lambda: f"{getattr(screen, 'words', '')}\n",
            ".svg": lambda: self.app.export_screenshot(title=f"controlroom {what}"),
        }
        try:
            await asyncio.to_thread(write_text, path, made[path.suffix]())
        except OSError as error:
            self.say(f"{path} is not written: {error.strerror}", bad=True)
            return
        self.say(f"written: {path}")

    async def _planned(self, act: StartExperiment) -> list[Fact]:
        return [fact for fact in await self.commands.plan_experiment(act) if fact[0] != "what"]

    async def runs(self) -> None:
        """The page of all runs."""
        await self._runs_page()

    async def run(self, run: str) -> None:
        """The page of one run, above that of all runs."""
        page = await self._runs_page()
        page.list.at = run
        page.open(RunPage(page.below, page.hands, run))

    async def _runs_page(self) -> RunsPage:
        """The page of all runs at the top; one that is open stays the same."""
        stack = self.app.screen_stack
        found = next((one for one in stack if isinstance(one, RunsPage)), None)
        if found is None:
            found = RunsPage(self.below, self._hands())
            await self.app.push_screen(found)
        while self.app.screen is not found:
            await self.app.pop_screen()
        return found

    def _hands(self) -> Hands:
        """What pages of runs have done here: each is a course of questions of its own."""

        def needle(before: str, found: Callable[[str], None]) -> None:
            async def ask() -> None:
                words = await self._ask(FilterDialog(before, *_OF_RUNS))
                if words is not None:
                    found(words)

            self._begin(ask)

        return Hands(
            lambda run: self._begin(lambda: self.perform(end_of(run))),
            lambda runs: self._begin(lambda: self.perform(RemoveRuns(runs))),
            lambda: self._begin(self.experiment),
            needle,
            self.tell,
        )

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        """A course that a page asks for."""
        hold = self._typeahead.hold()

        async def course() -> None:
            _HOLD.set(hold)
            try:
                await work()
            finally:
                hold.off()

        self.app.run_worker(course(), group="page", exit_on_error=False)

    async def scale(self) -> None:
        """Replicas of the deployment that is chosen in the fleet panel."""
        item = self.room.fleet.deployment
        if item is None:
            self.say("The fleet is not known yet, so there is nothing to scale.", bad=True)
            return
        replicas = await self._ask(ScaleDialog(item))
        if replicas is not None and replicas != item.replicas:
            await self.perform(Scale(item.name, replicas, item.replicas))

    async def restart(self) -> None:
        """New pods for the deployment that is chosen in the fleet panel."""
        item = self.room.fleet.deployment
        if item is None:
            self.say("The fleet is not known yet, so there is nothing to restart.", bad=True)
            return
        await self.perform(Restart(item.name))

    async def effects(self) -> None:
        """Asks for an active effect, what to do with it, and a confirmation."""
        try:
            effects = await self.commands.effects()
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)
            return
        if not effects:
            self.say("Nothing is injected, and no Job sends load.")
            return
        chosen = await self._ask(EffectsDialog(effects))
        if chosen is not None:
            await self.perform(act_of(*chosen))

    async def purge(self) -> None:
        """Removes all stored documents, after a confirmation."""
        view = self.frame[LOG].value
        await self.perform(Purge(None if view is None else view.total))

    async def stop_all(self) -> None:
        """Stops all load and chaos."""
        await self.perform(StopAll())

    async def read_only(self) -> None:
        """Nothing can be changed from now on; where that is so already, asks to act again."""
        await self.perform(ActAgain(self.lock) if self.lock.on else LookOnly(self.lock))

    async def bar(self, begun: str = "", at_once: bool = False) -> None:
        """Commands that are typed, with their answers."""

        async def run(bar: BarDialog, text: str) -> None:
            _HOLD.set(bar.hold)
            FACE.set(RoomFace(self, bar))
            try:
                await self.commands.line(text)
            except PROBLEMS as error:
                bar.say(sentence_of(error))

        await self._ask(BarDialog(run, Known(self.frame), self.history, begun, at_once))

    async def typed(self, command: Command) -> None:
        """A command that has no dialog of its own, by its words. One that was found by its name is
        only begun: Enter is what does it."""
        at_once = bool(command.key) and not command.needs
        await self.bar(command.verb if at_once else f"{command.verb} ", at_once)

    async def help(self) -> None:
        """All keys."""
        room, runs = self.room, (("runs", *one) for one in RUNS_KEYS)
        own = [*room.pane_keys, *runs]
        keys = sorted(own, key=lambda each: each[0] != room.current)
        top = self.app.screen
        here = top.help_rows if isinstance(top, Covering) else ()
        dialog = HelpDialog(self.frame.read_only, room.look.signs, keys, here)
        await self._ask(dialog)

    async def retry(self) -> None:
        """Connects the focused panel's source again now."""
        await self.attempt(self.commands.retry(self.room.pane.key.name))

    async def older(self, before_first: int, n: int) -> None:
        """Lines from before the ring of the log."""
        try:
            lines = await self.commands.log_page(before_first, n)
        except PROBLEMS as error:
            self.room.log_pane.ask_again()
            self.say(sentence_of(error), bad=True)
        else:
            self.room.log_pane.add_older(lines)

    async def filter(self) -> None:
        """Which lines the log shows, or which events a view that has a filter."""
        tallies = self.room.tallies
        if self.room.pane is tallies and tallies.filter is not None:
            wanted = await self._ask(FilterDialog(tallies.filter, *_OF_STORED))
            if wanted is not None:
                tallies.search(wanted)
            return
        pane = self.room.log_pane
        needle = await self._ask(FilterDialog(pane.needle))
        if needle is not None:
            try:
                pane.search(needle)
            except NeedleError as error:
                self.say(f"{error}.", bad=True)
            self.room.focus_pane("log")


def end_of(run: RunView) -> Act:
    """What ends that run."""
    about = [("what", run.title), ("id", run.id), ("state", run.state)]
    if run.kind == "experiment":
        return StopExperiment(run.id)
    if kind_of(run.kind).injects:
        return StopFault(run.id, about)
    return StopLoad(run.id, about)
