"""Exit codes: stable, documented, in one place."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process says to its caller."""

    OK = 0
    FAILED = 1
    """A run finished and its verdict is bad: failures, loss."""
    USAGE = 2
    """The command line, a file or the configuration is wrong."""
    UNREACHABLE = 3
    """Could not connect; worth trying again."""
    REFUSED = 4
    """Read-only, not confirmed, or not possible here."""
    ABORTED = 5
    """A guard stopped it."""
    UNCLEAN = 6
    """Clean-up is incomplete: something may still be injected."""
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class CommandError(Exception):
    """One sentence of what is wrong and one of how to mend it; ends the command."""

    def __init__(self, message: str, fix: str = "", code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.fix = fix
        self.code = code


class ReadOnlyError(CommandError):
    """The act was refused because nothing may be changed."""

    outcome = "refused"

    def __init__(self, refusal: str) -> None:
        super().__init__(f"This is read-only: {refusal}.", "Leave --read-only out.", Exit.REFUSED)


class Declined(CommandError):
    """Nobody agreed to it."""

    outcome = "declined"

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message, fix, Exit.REFUSED)
