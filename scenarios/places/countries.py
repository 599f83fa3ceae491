"""From the name of a place to its country, by the table `countries.tsv`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

UNKNOWN = "unknown"
"""Stands for the country of a text that names none of the table."""
_PARTS = re.compile(r"[,;/()|]")


class _Table(NamedTuple):
    names: Mapping[str, str]
    """ISO 3166 code of two letters -> name."""
    codes: Mapping[str, str]
    """Folded name of a country or of a place in it -> code."""


def country_of(place: str) -> str:
    """The ISO 3166 code of the country that a text names, else UNKNOWN.

    It may be a country, a code, a capital or a larger city, in English or Spanish, without regard
    to case and accents. Of parts such as `Mixco, Guatemala` the last that is known counts.
    """
    return _country_of(place)


@lru_cache(maxsize=16_384)
def _country_of(place: str) -> str:
    codes = _table().codes
    whole = codes.get(folded(place))
    if whole is not None:
        return whole
    parts = (codes.get(folded(part)) for part in reversed(_PARTS.split(place)))
    return next((code for code in parts if code is not None), UNKNOWN)


def country_names() -> Mapping[str, str]:
    """Code -> name, with UNKNOWN."""
    return _table().names


def folded(text: str) -> str:
    """The text in lower case, without accents, its words parted by one blank."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


@cache
def _table() -> _Table:
    names: dict[str, str] = {UNKNOWN: UNKNOWN}
    codes: dict[str, str] = {}
    text = files(__package__).joinpath("countries.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            code, name, others = line.split("\t")
            names[code] = name
            codes |= {folded(each): code for each in (name, *others.split("|"))}
    return _Table(names, codes)
