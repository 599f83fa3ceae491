"""All kinds: those of `stack/faults/kinds`, and those of folders that the user names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from stack.added import StackAddedThings
from stack.faults.kind import Kind, UnknownFaultKind

FOLDERS = "CONTROLROOM_FAULTS"
"""Variable that names folders of more kinds, parted as PATH is: a Python file for each."""
_SHELF = StackAddedThings("stack.faults.kinds", FOLDERS, "KIND", Kind)


def kind_of(name: str) -> Kind:
    """The kind of that name; one that nobody knows is refused by the local stack."""
    return kinds().get(name) or UnknownFaultKind(name)


def kinds() -> Mapping[str, Kind]:
    """Name -> kind. Raises StackError for a file of a kind that cannot be used."""
    return _kinds(os.environ.get(FOLDERS, ""))


@cache
def _kinds(folders: str) -> Mapping[str, Kind]:
    return _SHELF.things(folders)
