"""What happens between a key and a command: questions, answers, and what is said afterwards."""

from __future__ import annotations

from collections.abc import Awaitable
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from controlroom.actions import PANE_COMMANDS
from controlroom.commands import Commands
from controlroom.runs.spec import LoadSpec
from controlroom.screens.chaos import ChaosDialog, is_blast, preview_facts, running_facts, what
from controlroom.screens.confirm import Confirm
from controlroom.screens.dialog import PROBLEMS, Dialog, Fact, sentence_of
from controlroom.screens.held import HeldDialog, command_of, facts_of
from controlroom.screens.help import HelpDialog
from controlroom.screens.load import LoadDialog
from controlroom.screens.prompt import FilterDialog, ScaleDialog, scale_command
from controlroom.screens.room import RoomScreen
from controlroom.screens.typeahead import Hold, Typeahead
from controlroom.targets.choosing import LOCAL

if TYPE_CHECKING:
    from textual.app import App

    from controlroom.model.frame import Frame

T = TypeVar("T")
_HOLD: ContextVar[Hold | None] = ContextVar("hold", default=None)
"""Of the course of questions that this task is in."""
STOP_COMMAND = "controlroom chaos stop --all"
"""Ends load too."""


class Flows:
    """One method per action that asks something. Each runs in a worker of its own."""

    def __init__(
        self, app: App[None], room: RoomScreen, commands: Commands, typeahead: Typeahead
    ) -> None:
        self.app = app
        self.room = room
        self.commands = commands
        self.last_load: LoadSpec | None = None
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

    async def _course(self, action_id: str, hold: Hold) -> None:
        _HOLD.set(hold)
        try:
            await getattr(self, action_id)()
        finally:
            hold.off()

    async def _ask(self, dialog: Dialog[T]) -> T | None:
        """The answer of a dialog; None when it was left."""
        dialog.hold = _HOLD.get()
        return await self.app.push_screen_wait(dialog)

    async def attempt(self, command: Awaitable[str | None]) -> None:
        """Carries a command out and says what came of it; nothing is asked any more."""
        hold = _HOLD.get()
        if hold is not None:
            hold.off()
        try:
            self.say(await command or "")
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)

    async def load(self) -> None:
        """A load run."""

        async def start(spec: LoadSpec) -> str:
            self.last_load = spec
            return await self.commands.start_load(spec)

        dialog = LoadDialog(start, self.last_load, clustered=self.frame.target != LOCAL)
        self.say(await self._ask(dialog) or "")

    async def chaos(self) -> None:
        """A fault: which one, are you sure, go."""
        try:
            files = await self.commands.chaos_files()
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)
            return
        dialog = ChaosDialog(files, self.commands.preview_fault)
        chosen = await self._ask(dialog)
        if chosen is None:
            return
        file, preview = chosen
        facts = [what(file), *preview_facts(preview), *running_facts(self.frame)]
        typed = file.deployment if is_blast(file, preview) else None
        question = Confirm(f"chaos · {file.name}", facts, "Inject", file.command(), typed)
        if await self._ask(question):
            await self.attempt(self.commands.start_chaos(file))

    async def scale(self) -> None:
        """Replicas of the deployment that is chosen in the fleet panel."""
        item = self.room.fleet.deployment
        if item is None:
            self.say("The fleet is not known yet, so there is nothing to scale.", bad=True)
            return
        replicas = await self._ask(ScaleDialog(item))
        if replicas is None or replicas == item.replicas:
            return
        facts: list[Fact] = [("replicas", f"{item.replicas} -> {replicas}")]
        command = scale_command(item.name, replicas)
        if replicas == 0:
            facts.append(("effect", f"nothing of {item.name} is left running"))
        typed = item.name if replicas == 0 else None
        question = Confirm(f"scale · {item.name}", facts, "Scale", command, typed)
        if await self._ask(question):
            await self.attempt(self.commands.scale(item.name, replicas))

    async def restart(self) -> None:
        """New pods for the deployment that is chosen in the fleet panel."""
        item = self.room.fleet.deployment
        if item is None:
            self.say("The fleet is not known yet, so there is nothing to restart.", bad=True)
            return
        try:
            preview = await self.commands.preview_restart(item.name)
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)
            return
        typed = item.name if preview.matched and not preview.stays else None
        facts = [*preview_facts(preview), *running_facts(self.frame)]
        command = f"controlroom scale {item.name} --restart"
        question = Confirm(f"restart · {item.name}", facts, "Restart", command, typed)
        if await self._ask(question):
            await self.attempt(self.commands.restart(item.name))

    async def held(self) -> None:
        """What the target holds: which one, what with it, are you sure."""
        try:
            held = await self.commands.held()
        except PROBLEMS as error:
            self.say(sentence_of(error), bad=True)
            return
        if not held:
            self.say("Nothing is injected, and no Job sends load.")
            return
        chosen = await self._ask(HeldDialog(held))
        if chosen is None:
            return
        one, wish = chosen
        command = command_of(one, wish)
        question = Confirm(f"{wish} · {one.id}", facts_of(one), wish.capitalize(), command)
        if not await self._ask(question):
            return
        if wish == "end":
            await self.attempt(self.commands.end_held(one))
        else:
            await self.attempt(self.commands.pause_held(one, wish == "pause"))

    async def purge(self) -> None:
        """All stored documents, gone on purpose."""
        view = self.frame.log.value
        count = "all stored documents" if view is None else f"{view.total:,} stored documents"
        facts = [
            ("removes", f"{count} of {self.frame.scenario}"),
            ("stays", "the tallies, the books and the fence; nothing is counted again"),
            ("undo", "none"),
        ]
        name = self.frame.scenario
        command = f"controlroom logs --purge --confirm {name}"
        question = Confirm("purge the log", facts, "Purge", command, name)
        if await self._ask(question):
            await self.attempt(self.commands.purge_logs())

    async def stop_all(self) -> None:
        """The panic key."""
        facts = running_facts(self.frame) or [("runs now", "nothing that this room knows of")]
        facts = [*facts, ("effect", "all load and chaos ends, and that is verified")]
        question = Confirm("stop all", facts, "Stop all", STOP_COMMAND, "stop")
        if await self._ask(question):
            await self.attempt(self.commands.stop_all())

    async def help(self) -> None:
        """All keys."""
        dialog = HelpDialog(self.frame.read_only, self.room.look.signs)
        await self._ask(dialog)

    async def copy(self) -> None:
        """Copies the command that prints the focused panel."""
        command = PANE_COMMANDS[self.room.current]
        self.app.copy_to_clipboard(command)
        self.say(f"copied: {command}")

    async def retry(self) -> None:
        """Connects the focused panel's source again now."""
        await self.attempt(self.commands.retry(self.room.pane.source))

    async def choose(self, selection: int, key: str) -> None:
        """Another choice of the tallies."""
        await self.attempt(self.commands.choose(selection, key))

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
        """Which lines the log shows."""
        pane = self.room.log_pane
        needle = await self._ask(FilterDialog(pane.needle))
        if needle is not None:
            pane.search(needle)
            self.room.focus_pane("log")
