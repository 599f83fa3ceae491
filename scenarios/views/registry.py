"""All kinds of views: those of `scenarios/views/kinds`, and those of the user's folders."""

from __future__ import annotations

from scenarios.added import Registry
from scenarios.views.view import ViewKind

FOLDERS = "CONTROLROOM_VIEWS"
"""Variable that names folders of more kinds, parted as PATH is: a Python file for each."""
view_kinds = Registry("scenarios.views.kinds", FOLDERS, "KIND", ViewKind)  # type: ignore[type-abstract]
