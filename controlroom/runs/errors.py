"""What can be wrong with the request for a run, and how a person fixes it."""

from __future__ import annotations


class RunError(Exception):
    """One sentence of what is wrong (naming flag, file, line or field) and one of how to fix it."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class SpecError(RunError):
    """A flag, a file or a manifest cannot be used as it is."""


class HeldError(RunError):
    """The kill switch holds all new runs."""


class NoSuchRunError(RunError):
    """No run has that id."""


class RunActiveError(RunError):
    """It goes on, so it is not removed."""


class NoAnswerError(RunError):
    """Nothing listens where the run should go; worth trying again."""
