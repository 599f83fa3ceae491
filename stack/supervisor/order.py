"""Order of need: what starts after what, and what stops before what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from host.errors import StackError


def levels(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Names in groups: each group needs only names of the groups before it.

    Raises StackError for a name that is not there and for a circle.
    """
    for name, wanted in needs.items():
        for other in wanted:
            if other not in needs:
                raise StackError(f"{name} needs {other}, which is no part of this stack.")
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        raise StackError(f"These need each other: {' '.join(error.args[1])}.") from error
    found: list[list[str]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found.append(ready)
        sorter.done(*ready)
    return found
