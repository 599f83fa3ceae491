"""All kinds of runs: those of `controlroom/runs/kinds`, and those of the user's folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from controlroom.model.run import RunView
from controlroom.runs.kind import RunKind, UnknownRunKind
from host.errors import StackError, refused

FOLDERS = "CONTROLROOM_RUNS"
"""Variable that names folders of more kinds, parted as PATH is: a Python file for each."""


def kind_of(name: str) -> RunKind:
    """The kind of that name, or one that stands in for it: a file of the user that cannot be used
    keeps nobody from seeing and stopping runs."""
    return _kind(name, folders())


def folders() -> str:
    """The setting with whole paths, as a process that works in another folder has to have it."""
    given = os.environ.get(FOLDERS, "").split(os.pathsep)
    return os.pathsep.join(os.path.abspath(one) for one in given if one)


def said(view: RunView) -> str:
    """The figures of a run in a few words, whatever its kind does."""
    try:
        return kind_of(view.kind).said(view)
    except Exception as error:
        return f"figures cannot be told ({type(error).__name__}: {error})"


@cache
def _kind(name: str, added: str) -> RunKind:
    own = _kinds("")
    if name in own:
        return own[name]
    try:
        return _kinds(added).get(name) or UnknownRunKind(name, FOLDERS, "")
    except StackError as error:
        return UnknownRunKind(name, FOLDERS, str(error).rstrip("."))


@cache
def _kinds(added: str) -> Mapping[str, RunKind]:
    # imported here: a room that shows no run can do without
    from scenarios.added import Registry

    return Registry("controlroom.runs.kinds", FOLDERS, "KIND", RunKind, error=refused).all(added)
