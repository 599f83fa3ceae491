"""Acts, and the only way to carry one out: with audit, read-only check and confirmation."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from controlroom.commands.command import Command
from controlroom.commands.exits import CommandError, Declined, Exit, ReadOnlyError
from controlroom.commands.face import FACE, emit, emit_json, talk
from controlroom.commands.here import Here
from controlroom.commands.production import agreed_below, production_in, raised
from controlroom.commands.question import Consent, Question
from controlroom.commands.registry import named
from controlroom.runs.audit import acting
from controlroom.runs.spec import where_flags


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of an act."""

    said: str = ""
    """One sentence."""
    more: str = ""
    """What the command line adds to it."""
    fix: str = ""
    """What to do now, where something is left to do."""
    data: Any = None
    """For `--json`; None has nothing for a program."""
    text: str = ""
    """For people, instead of the data."""
    code: Exit = Exit.OK
    left: str = ""
    """What was not done; then the audit records the act as failed."""


@dataclass
class Act:
    """One act with what it needs; each is a dataclass, and keeps what it learns on the way."""

    command: ClassVar[str]
    """Id of its `Command`."""
    everywhere: ClassVar[bool] = False
    """Whether a room on several targets does it on each of them."""
    of_room: ClassVar[bool] = False
    """Whether all that it changes is what this room may do: it is never refused as read-only."""

    def facts(self) -> Mapping[str, Any]:
        """What the audit says of it: its fields, but for empty and `unsaid` ones. Paths are
        absolute."""
        known = {one.name: getattr(self, one.name) for one in fields(self) if one.repr}
        return {name: fact for name, fact in known.items() if fact not in (None, "", ())}

    def place(self, here: Here) -> str:
        """What it acts on, as the audit names it."""
        return here.title

    async def prepare(self, here: Here) -> Question | None:
        """Looks at what would be done. Answers what is to be asked, None for nothing."""
        return None

    async def carry_out(self, here: Here) -> Answer:
        """Does it. Every refusal is an error with a sentence, and mostly a fix."""
        raise NotImplementedError


async def perform(act: Act, here: Here, consent: Consent | None = None) -> Answer:
    """Carries an act out; a line of the audit says who, what and what came of it, in every case.

    Raises ReadOnlyError, Declined, and what the act raises.
    """
    command = named(act.command)
    settings = here.settings
    with acting(settings.state_dir, command.id.replace("_", " "), act.place(here)) as entry:
        try:
            _refuse_read_only(act, command, here)
            question = await act.prepare(here)
            target = production_in(act.place(here), settings)
            if target and not command.spared:
                consent = agreed_below(question, consent)
                question = raised(question, command, target)
            if question is not None:
                await _confirm(_whole(question, act, here), consent or Consent())
                # a room may have become read-only while it was asked
                _refuse_read_only(act, command, here)
            answer = await act.carry_out(here)
        finally:
            entry.add(**act.facts())
        if answer.left:
            entry.fail(answer.left)
    return answer


def _refuse_read_only(act: Act, command: Command, here: Here) -> None:
    if here.read_only and not act.of_room:
        raise ReadOnlyError(command.refusal)


def refuse(command: Command, here: Here) -> None:
    """Audits that a read-only face was asked for a command. Raises ReadOnlyError."""
    with acting(here.settings.state_dir, command.id.replace("_", " "), here.title):
        raise ReadOnlyError(command.refusal)


def _whole(question: Question, act: Act, here: Here) -> Question:
    """The question with a command line that means the same cluster anywhere."""
    contexts = here.settings.contexts
    aimed = act.place(here) == here.title and not (act.everywhere or act.of_room)
    if not contexts or not aimed or "--context" in question.command:
        return question
    where = [word for each in contexts for word in where_flags(each)]
    where += where_flags("", here.settings.namespace)
    return replace(question, command=f"{question.command} {shlex.join(where)}")


async def _confirm(question: Question, consent: Consent) -> None:
    face = FACE.get()
    face.show(question)
    if consent.yes and not question.by_hand:
        return
    if question.typed and consent.typed is not None:
        if consent.typed != question.typed:
            raise Declined(*(question.unconfirmed or (f"Nothing was {question.done}.", "")))
        return
    await face.ask(question)


async def perform_verb(act: Act, args: argparse.Namespace, whole: bool = False) -> Exit:
    """Carries out what a command line says, and says what came of it."""
    return told(await performed(act, args, whole), args.json)


async def performed(act: Act, args: argparse.Namespace, whole: bool = False) -> Answer:
    """The same, but the caller prints the answer. `--yes` and `--confirm` agree beforehand."""
    consent = Consent(getattr(args, "yes", False), getattr(args, "confirm", None))
    async with Here(args.settings, whole=whole) as here:
        return await perform(act, here, consent)


def told(answer: Answer, as_json: bool) -> Exit:
    """Says it as the command line does; its exit code."""
    if as_json and answer.data is not None:
        emit_json(answer.data)
    elif answer.text and not as_json:
        emit(answer.text)
    if answer.said:
        talk(answer.said + answer.more)
    if answer.fix:
        talk(f"  {answer.fix}")
    return answer.code


def unsaid(default: Any) -> Any:
    """A field that is left out of the audit."""
    return field(default=default, repr=False)


def absolute(file: str | Path) -> str:
    """A file argument as the audit has it."""
    return str(Path(file).expanduser().absolute())


def wanted(value: str | None, words: str, kind: str, fix: str) -> str:
    """A required argument. Raises CommandError."""
    if not value:
        raise CommandError(f"`controlroom {words}` wants {kind}.", fix)
    return value
