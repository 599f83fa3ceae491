"""What is added to the stack by adding a file or a folder."""

from __future__ import annotations

from host.errors import StackError
from scenarios import added
from scenarios.added import Thing


class StackAddedThings(added.AddedThings[Thing]):
    """Where things of one sort are found; `things` raises StackError."""

    def bad(self, place: str, why: str) -> StackError:
        """One that cannot be used."""
        return StackError(
            f"{place} {why}.", f"Fix it, or take it out of {self.setting}.", "refused"
        )
