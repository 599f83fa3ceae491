"""Sources of panes that are added from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controlroom.feeds.endpoints import LiveEndpoints
    from controlroom.feeds.feed import Source

Maker = Callable[["LiveEndpoints"], "Source"]
"""The class of a source: it is given the endpoints of the target."""
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


def added(endpoints: LiveEndpoints) -> list[Source]:
    """A source of each; one that cannot be made says so in its panel and ends nothing."""
    return [_made(name, endpoints) for name in _makers]


class Unmade:
    """Stands for a source that cannot be made."""

    period, timeout = 10.0, 3.0
    needs: tuple[str, ...] = ()

    def __init__(self, name: str, error: Exception) -> None:
        self.name = name
        self._why = f"{name} cannot be made: {type(error).__name__}: {error}"

    async def open(self) -> None:
        """Raises TargetError."""
        from controlroom.targets.abilities import TargetError

        raise TargetError(self._why, "Fix its file in the folder panes, and open the room again.")

    async def read(self) -> None:
        """Is never asked."""

    async def close(self) -> None:
        """Nothing is held."""


def _made(name: str, endpoints: LiveEndpoints) -> Source:
    try:
        return _makers[name](endpoints)
    except Exception as error:
        return Unmade(name, error)
