"""The error of a scenario that cannot be used."""

from __future__ import annotations


class ScenarioError(Exception):
    """A scenario cannot be used; `fix` says how to fix it."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
