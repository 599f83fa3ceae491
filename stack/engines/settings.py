"""Settings that several engines obey."""

from __future__ import annotations

from collections.abc import Mapping

from host.errors import StackError

PROCESS, POWER = "process", "power"
"""What survives: the death of any process, or a power cut too."""


def flushes(environ: Mapping[str, str]) -> bool:
    """Whether engines bring to the disk what they acknowledge. Raises StackError."""
    durability = environ.get("CONTROLROOM_DURABILITY") or PROCESS
    if durability not in (PROCESS, POWER):
        raise StackError(
            f"CONTROLROOM_DURABILITY is {durability!r}.", f"Use {PROCESS} or {POWER}.", "refused"
        )
    return durability == POWER
