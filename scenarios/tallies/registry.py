"""All kinds of tallies: those of `scenarios/tallies/kinds`, and those of the user's folders."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scenarios.added import Registry
from scenarios.errors import ScenarioError
from scenarios.tallies.kind import TallyKind

FOLDERS = "CONTROLROOM_TALLIES"
"""Variable that names folders of more kinds, parted as PATH is: a Python file for each."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_TAKEN = frozenset({"total", "put", "drop", "keep"})
"""Writes of `count.lua` that are no tallies."""


def _checked(found: Mapping[str, TallyKind]) -> Mapping[str, TallyKind]:
    for name, kind in found.items():
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise ScenarioError(
                f"an added kind of tally is called {name!r}",
                f"use a-z, 0-9 and -, and none of {', '.join(sorted(_TAKEN))}",
            )
        if not getattr(kind, "lua", ""):
            raise ScenarioError(
                f"the added kind of tally {name} has no lua", "say how Redis adds to it"
            )
    return found


tally_kinds = Registry("scenarios.tallies.kinds", FOLDERS, "KIND", TallyKind, checked=_checked)
