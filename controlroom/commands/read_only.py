"""`read-only`: after : in a room, it may not act from now on; `read-only off`, it may again."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import locking
from controlroom.commands.here import Here
from controlroom.commands.lock import Lock
from controlroom.commands.performing import Act, Answer, perform_verb
from controlroom.commands.question import Question
from controlroom.commands.registry import key_label

DESCRIPTION = """\
After : in a room: make the room read-only at once, or let it act again (off), which
asks for the target's name. A room that was opened with --read-only stays so."""
EXAMPLES = ("controlroom read-only      (after : in a room)", "controlroom read-only off")
_FIX = "Open the room with --read-only, or type it after : in a room."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the way back."""
    parser.add_argument("off", nargs="?", choices=("off",), help="the room may act again")


@dataclass
class LookOnly(Act):
    """The room may not act from now on. Nothing is asked."""

    lock: Lock = field(repr=False)
    command = "read_only"
    of_room = True

    async def carry_out(self, here: Here) -> Answer:
        self.lock.on = True
        return Answer(f"This room is read-only now. {key_label('read_only')} asks to act again.")


@dataclass
class ActAgain(Act):
    """The room may act again. Raises CommandError where it was opened read-only."""

    lock: Lock = field(repr=False)
    command = "read_write"
    of_room = True

    async def prepare(self, here: Here) -> Question | None:
        if self.lock.fixed:
            raise Fixed()
        if not self.lock.on:
            return None
        facts = [("effect", "load, faults, scaling and removing are possible again")]
        return Question(
            "read-only off", "Act again", "changed", "read-only off", here.title, facts
        )  # fmt: skip

    async def carry_out(self, here: Here) -> Answer:
        self.lock.on = False
        return Answer("This room may act again.")


class Fixed(CommandError):
    """A room that was opened read-only stays so."""

    outcome = "refused"

    def __init__(self) -> None:
        super().__init__(
            "This room was opened read-only, and stays so.",
            "Open another one without --read-only.",
            Exit.REFUSED,
        )


async def main(args: argparse.Namespace) -> Exit:
    """In a room only. Raises CommandError elsewhere."""
    lock = locking()
    if lock is None:
        raise CommandError("`read-only` is for a room that is open.", _FIX)
    return await perform_verb(ActAgain(lock) if args.off else LookOnly(lock), args)
