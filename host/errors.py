"""The one error that the stack shows to people."""

from __future__ import annotations

from typing import Literal

Kind = Literal["refused", "not_found", "unreachable", "failed"]


class StackError(Exception):
    """One sentence of what is wrong, one of how to fix it, and what sort of trouble it is."""

    def __init__(self, message: str, fix: str = "", kind: Kind = "failed") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.kind = kind


def refused(why: str, fix: str) -> StackError:
    """Of what was asked for and cannot be; both become sentences."""
    return StackError(f"{why}.", f"{fix[:1].upper()}{fix[1:]}.", "refused")
