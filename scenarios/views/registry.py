"""All kinds of views: those of `scenarios/views/kinds`, and those of the user's folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from scenarios.added import AddedThings
from scenarios.views.view import ViewKind

FOLDERS = "CONTROLROOM_VIEWS"
"""Variable that names folders of more kinds, parted as PATH is: a Python file for each."""
_SHELF = AddedThings("scenarios.views.kinds", FOLDERS, "KIND", ViewKind)  # type: ignore[type-abstract]


def view_kinds() -> Mapping[str, ViewKind]:
    """Name -> kind. Raises ScenarioError for a file of a kind that cannot be used."""
    return _kinds(os.environ.get(FOLDERS, ""))


@cache
def _kinds(folders: str) -> Mapping[str, ViewKind]:
    return _SHELF.things(folders)
