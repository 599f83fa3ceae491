"""What commands say and ask through: the terminal, or a room that is open.

Data goes out by `emit`, talk by `talk`, wherever the command is carried out.
"""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from controlroom.commands.exits import CommandError, Declined

if TYPE_CHECKING:
    from controlroom.commands.lock import Lock
    from controlroom.commands.question import Question
    from controlroom.layouts import Layout


class NobodyReadsError(Exception):
    """The reader of our output has closed it. Not an OSError, because sources raise those too."""


class Face(Protocol):
    """Where a command is carried out."""

    passing: bool
    """Whether nobody waits here: a started run goes on alone, and nothing is followed for ever."""

    def talk(self, text: str) -> None:
        """One line to the person."""
        ...

    def emit(self, text: str) -> None:
        """Data for a person or a pipe."""
        ...

    def show(self, question: Question) -> None:
        """Shows what is going to be done, also where it is agreed to already."""
        ...

    async def ask(self, question: Question) -> None:
        """Returns when a person has agreed. Raises Declined."""
        ...


class Arranged(Protocol):
    """What shows panels, by a layout."""

    @property
    def layout_now(self) -> Layout:
        """As it is now, under the name of the one that it began with."""
        ...

    def lay_out(self, layout: Layout) -> None:
        """Lays it out anew."""
        ...


class Terminal:
    """Data on stdout, talk on stderr, answers from stdin."""

    passing = False

    def talk(self, text: str) -> None:
        """On stderr."""
        print(text, file=sys.stderr, flush=True)

    def emit(self, text: str) -> None:
        """On stdout. Raises NobodyReadsError."""
        try:
            print(text, flush=True)
        except BrokenPipeError as error:
            raise NobodyReadsError from error

    def show(self, question: Question) -> None:
        """The preview, line by line."""
        if question.preview is None:
            return
        from controlroom.commands.question import preview_lines

        for line in (question.title, *preview_lines(question.preview)):
            if line:
                self.talk(line)

    async def ask(self, question: Question) -> None:
        """`typed` has to be written out, else y is enough."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            if question.alone:
                return
            how = "Call it in a terminal." if question.by_hand else "Give --yes to do it unasked."
            raise Declined(*(question.unconfirmed or ("Nobody is there to confirm this.", how)))
        if question.preview is None:
            for name, words in question.facts:
                self.talk(f"{name:<10} {words}")
        typed = question.typed
        sys.stderr.write(f"Type {typed} to go on: " if typed else f"{question.verb} it? [y/N] ")
        sys.stderr.flush()
        given = sys.stdin.readline().strip()
        if given != typed if typed else given.lower() not in ("y", "yes"):
            raise Declined(f"Not confirmed; nothing was {question.done}.")


FACE: ContextVar[Face] = ContextVar("face", default=Terminal())  # noqa: B039 (it has no state)


def talk(text: str = "") -> None:
    """One line to the person."""
    FACE.get().talk(text)


def emit(text: str) -> None:
    """Data for a person or a pipe. Raises NobodyReadsError."""
    FACE.get().emit(text)


def emit_json(value: Any) -> None:
    """Data for a program: one JSON value, keys in their order. As `emit` raises."""
    emit(json.dumps(value, ensure_ascii=False))


def passing() -> bool:
    """Whether nobody waits for the end of what is started."""
    return FACE.get().passing


def arranged() -> Arranged | None:
    """The room in which the command was typed; None on the command line."""
    return getattr(FACE.get(), "room", None)


def locking() -> Lock | None:
    """What says whether the room may act in which the command was typed; None elsewhere."""
    return getattr(FACE.get(), "lock", None)


def refuse_inside(flag: str, fix: str) -> None:
    """For what goes on for ever. Raises CommandError where nobody waits for an end."""
    if passing():
        raise CommandError(f"{flag} is for a shell, not for the room.", fix)
