"""All kinds of tallies: those of `scenarios/tallies/kinds`, and those of the user's folders."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache

from scenarios.added import AddedThings
from scenarios.errors import ScenarioError
from scenarios.tallies.kind import TallyKind

FOLDERS = "CONTROLROOM_TALLIES"
"""Variable that names folders of more kinds, parted as PATH is: a Python file for each."""
_SHELF = AddedThings("scenarios.tallies.kinds", FOLDERS, "KIND", TallyKind)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_TAKEN = frozenset({"total", "put", "drop", "keep"})
"""Writes of `count.lua` that are no tallies."""


def tally_kinds() -> Mapping[str, TallyKind]:
    """Name -> kind. Raises ScenarioError for a file of a kind that cannot be used."""
    return _kinds(os.environ.get(FOLDERS, ""))


@cache
def _kinds(folders: str) -> Mapping[str, TallyKind]:
    found = _SHELF.things(folders)
    for name, kind in found.items():
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise ScenarioError(
                f"a kind of tally of {FOLDERS} is called {name!r}",
                f"use a-z, 0-9 and -, and none of {', '.join(sorted(_TAKEN))}",
            )
        if not getattr(kind, "lua", ""):
            raise ScenarioError(
                f"the kind of tally {name} of {FOLDERS} has no lua", "say how Redis adds to it"
            )
    return found
