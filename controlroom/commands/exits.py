"""Exit codes: stable, documented, in one place."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process says to its caller."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    ABORTED = 5
    UNCLEAN = 6
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = {
    Exit.OK: "It is done.",
    Exit.FAILED: "A verdict is bad (failures, loss, a --fail-if that holds), or a part not seen.",
    Exit.USAGE: "The command line, a file or the configuration is wrong.",
    Exit.UNREACHABLE: "Could not connect; worth trying again.",
    Exit.REFUSED: "Read-only, not confirmed, or not possible here.",
    Exit.ABORTED: "A guard stopped it.",
    Exit.UNCLEAN: "Clean-up is incomplete: something may still be injected.",
    Exit.HUNG_UP: "The terminal went away.",
    Exit.INTERRUPTED: "Interrupted by ctrl+c.",
    Exit.TERMINATED: "Ended by SIGTERM.",
}
"""What each code says, for people."""


class CommandError(Exception):
    """One sentence of what is wrong and one of how to fix it; ends the command."""

    def __init__(self, message: str, fix: str = "", code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.fix = fix
        self.code = code


_WRITABLE = "Leave --read-only out; in a room that became so from within, type :read-only off."


class ReadOnlyError(CommandError):
    """The act was refused because nothing may be changed."""

    outcome = "refused"

    def __init__(self, refusal: str) -> None:
        super().__init__(f"This is read-only: {refusal}.", _WRITABLE, Exit.REFUSED)


class Declined(CommandError):
    """Nobody agreed to it."""

    outcome = "declined"

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message, fix, Exit.REFUSED)
