"""How the settings mark targets (table `[targets]`), so that none is taken for another."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

PRODUCTION = "PRODUCTION"
"""The word for it, on every screen and in every question."""
KEYS = ("production", "colours")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Marking:
    """Of one target; one that nothing is said of has neither."""

    production: bool = False
    """Whether it is declared production."""
    colour: str = ""
    """`#rrggbb` of its name in the header; empty for none of its own."""


class MarkingError(ValueError):
    """What cannot be understood, without the place; `fix` says what to write."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Markings:
    """Patterns as in a shell (`prod-*`), of contexts of the kubeconfig and of `local stack`."""

    production: tuple[str, ...] = ()
    colours: Mapping[str, str] = field(default_factory=dict)
    """Pattern -> `#rrggbb`; the first one that fits holds."""

    def of(self, target: str) -> Marking:
        """How that target is marked."""
        colours = (colour for one, colour in self.colours.items() if fnmatchcase(target, one))
        production = any(fnmatchcase(target, one) for one in self.production)
        return Marking(production, next(colours, ""))

    def production_of(self, targets: Sequence[str]) -> str:
        """The first of these targets that is production; empty where none is."""
        return next((one for one in targets if self.of(one).production), "")

    def __str__(self) -> str:
        named = [f"production: {', '.join(self.production)}"] if self.production else []
        return "; ".join([*named, *(f"{one}: {colour}" for one, colour in self.colours.items())])


def read(table: Any) -> Markings:
    """What the table says. Raises MarkingError."""
    if isinstance(table, Markings):
        return table
    if not isinstance(table, dict):
        raise MarkingError("is no table", 'Write [targets] and production = ["prod-*"].')
    for key in table:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.5)
            known = "Known keys: " + ", ".join(KEYS) + "."
            raise MarkingError(
                f"unknown key {key!r}", f"Did you mean {near[0]!r}?" if near else known
            )
    names, colours = table.get("production", []), table.get("colours", {})
    if not (isinstance(names, list) and all(isinstance(one, str) and one for one in names)):
        raise MarkingError("production is no list of names", 'Write production = ["prod-*"].')
    if not isinstance(colours, dict):
        raise MarkingError(
            "colours is no table", 'Write [targets.colours] and "prod-*" = "#af005f".'
        )
    for name, colour in colours.items():
        if not (isinstance(colour, str) and COLOUR.fullmatch(colour)):
            raise MarkingError(f"{colour!r} of {name!r} is no colour", 'Write it as "#rrggbb".')
    return Markings(tuple(names), colours)
