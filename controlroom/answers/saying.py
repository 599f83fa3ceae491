"""Sentences, tables and pictures of an answer, each in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from controlroom.answers.figures import number
from controlroom.answers.words import TEXTS
from controlroom.reports import Plot
from controlroom.verdicts import words as percentages

Lang = Literal["es", "en"]
LANGS: tuple[Lang, ...] = ("es", "en")
Value = str | float | int | None


class Said(NamedTuple):
    """One text in both languages."""

    es: str
    en: str

    def by(self, lang: Lang) -> str:
        """In one of them."""
        return self.es if lang == "es" else self.en


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; cells are the same in both languages, or a text in both."""

    title: Said
    header: Sequence[Said]
    rows: Sequence[Sequence[str | Said]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot with a title in both languages."""

    title: Said
    plot: Plot


Piece = Said | Grid | Picture


def say(key: str, **figures: Value | Said) -> Said:
    """The text of that name with its figures; numbers get three digits, None is `?`."""
    made = []
    for lang, text in zip(LANGS, TEXTS[key], strict=True):
        made.append(text.format_map({name: _told(one, lang) for name, one in figures.items()}))
    return Said(*made)


def _told(value: Value | Said, lang: Lang) -> str:
    if isinstance(value, Said):
        return value.by(lang)
    if isinstance(value, str):
        return value
    return number(value)


def joined(texts: Sequence[Said], by: str = "; ") -> Said:
    """One text of several."""
    return Said(by.join(one.es for one in texts), by.join(one.en for one in texts))


def picture(key: str, unit: str, curves: Mapping[str, Sequence[tuple[float, float | None]]],
            marks: Sequence[tuple[float, str]] = ()) -> list[Picture]:  # fmt: skip
    """The plot, where there is anything to be seen."""
    title = say(key)
    return [Picture(title, Plot(title.en, unit, curves, tuple(marks)))] if curves else []


def verdict(one: Mapping[str, object]) -> Said:
    """The sentence of a comparison, as `result.json` has it."""
    measure = say(f"measure {one['measure']}")
    pair: dict[str, Value | Said] = {
        "measure": measure,
        "first": str(one["first"]),
        "second": str(one["second"]),
    }
    kind = one["kind"]
    if kind == "faster":
        return say("verdict faster", **pair, winner=_winner(one), percent=_percent(one))
    if kind == "no difference":
        low, high, margin = _numbers(one, "low", "high", "margin")
        most = percentages.at_most(max(high, 1 / low) - 1, margin)
        return say("verdict none", **pair, percent=most)
    more = one.get("more_blocks")
    if not isinstance(more, int) or not more:
        return say("verdict few", **pair)
    about = percentages.about_number(more).removeprefix("about ")
    return say("verdict unknown", **pair, blocks=about)


def _numbers(one: Mapping[str, object], *names: str) -> list[float]:
    return [float(value) if isinstance(value := one[name], int | float) else 0.0 for name in names]


def _winner(one: Mapping[str, object]) -> str:
    (ratio,) = _numbers(one, "ratio")
    return str(one["first"] if (ratio > 1) == (one["better"] == "more") else one["second"])


def _percent(one: Mapping[str, object]) -> Said:
    low, high = _numbers(one, "low", "high")
    if _winner(one) == one["second"]:
        low, high = 1 / high, 1 / low
    least, most = (1 - high, 1 - low) if one["better"] == "less" else (low - 1, high - 1)
    said = percentages.between(least, most)
    return Said(said.replace(" to ", " a ").replace("up to", "hasta"), said)
