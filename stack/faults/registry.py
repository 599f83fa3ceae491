"""All kinds: those of `stack/faults/kinds`, and those of folders that the user names."""

from __future__ import annotations

from host.errors import refused
from scenarios.added import Registry
from stack.faults.kind import Kind, UnknownFaultKind

FOLDERS = "CONTROLROOM_FAULTS"
"""Variable that names folders of more kinds, parted as PATH is: a Python file for each."""
kinds = Registry("stack.faults.kinds", FOLDERS, "KIND", Kind, error=refused)


def kind_of(name: str) -> Kind:
    """The kind of that name; one that nobody knows is refused by the local stack."""
    return kinds().get(name) or UnknownFaultKind(name)
