"""Sources of panes that are added from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controlroom.feeds.doors import Doors
    from controlroom.feeds.feed import Source

Maker = Callable[["Doors"], "Source"]
"""The class of a source: it is given the doors of the target."""
_makers: dict[str, Maker] = {}


def add(name: str, maker: Maker) -> None:
    """Every room that is put together from now on has a source more, of that name."""
    _makers[name] = maker


def has(name: str) -> bool:
    """Whether one of that name was added."""
    return name in _makers


def remove(name: str) -> None:
    """Takes it out again."""
    _makers.pop(name, None)


def added(doors: Doors) -> list[Source]:
    """A source of each."""
    return [maker(doors) for maker in _makers.values()]
