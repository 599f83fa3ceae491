"""Conditions on which a report fails: `p99 > 1.2 x baseline`, `success < 99 %`, `lost > 0`."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass

from controlroom.ledger.figures import ALIASES, unit_of, written
from controlroom.runs.errors import SpecError

FLAG = "--fail-if"
_FORM = re.compile(
    r"""\s*(?P<name>[A-Za-z][\w.-]*)\s*(?P<sign>>=|<=|>|<)\s*(?:
        (?:(?P<times>\d+(?:\.\d+)?)\s*[x*]\s*)?(?P<base>baseline)
        |(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>%|ms|s|/s|MiB|cores)?
    )\s*""",
    re.VERBOSE,
)
_SIGNS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_EXAMPLES = f"Write it like {FLAG} 'p99 > 1.2 x baseline' or {FLAG} 'success < 99 %'."
_FACTORS = {("%", "%"): 0.01, ("s", "ms"): 1000.0, ("ms", "s"): 0.001}
"""(Unit that is written, unit of the figure) -> what one of it is in the figure's own measure."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of them."""

    text: str
    name: str
    sign: str
    value: float
    """The bound, or the factor of the baseline's figure."""
    of_baseline: bool
    unit: str = ""
    """As it is written; empty is the figure's own, of shares 0 to 1."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a condition."""

    condition: Condition
    failed: bool
    said: str
    """Why, with the figures."""


def condition(text: str) -> Condition:
    """Reads one. Raises SpecError, which says how it is written."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise SpecError(f"{FLAG} {text!r} cannot be read.", _EXAMPLES)
    name = ".".join(ALIASES.get(one, one) for one in [found["name"]])
    for alias, real in ALIASES.items():
        if name.endswith(f".{alias}"):
            name = name.removesuffix(alias) + real
    if found["base"]:
        return Condition(text.strip(), name, found["sign"], float(found["times"] or 1), True)
    value, unit = float(found["value"]), found["unit"] or ""
    factor = _FACTORS.get((unit, unit_of(name)), 1)
    return Condition(text.strip(), name, found["sign"], value * factor, False, unit)


def judged(
    conditions: list[Condition],
    figures: Mapping[str, float | None],
    baseline: Mapping[str, float | None] | None,
    arms: list[str],
) -> list[Outcome]:
    """What comes of each. A figure that is not known fails. Raises SpecError for a name that no
    figure has, and for a baseline that is not named."""
    return [_judged(one, figures, baseline, arms) for one in conditions]


def _judged(
    one: Condition,
    figures: Mapping[str, float | None],
    baseline: Mapping[str, float | None] | None,
    arms: list[str],
) -> Outcome:
    if one.of_baseline and baseline is None:
        raise SpecError(
            f"{FLAG} {one.text!r} needs a baseline.",
            "Name it: --baseline NAME, or the id of a run.",
        )
    if one.name not in figures:
        raise _unknown(one, figures, arms)
    own = unit_of(one.name)
    if one.unit and one.unit != own and (one.unit, own) not in _FACTORS:
        has = f"is in {own}" if own else "has no unit"
        raise SpecError(f"{FLAG} {one.text!r}: {one.name} {has}, not in {one.unit}.", _EXAMPLES)
    value, bound = figures[one.name], one.value
    compared = written(one.name, bound)
    if one.of_baseline:
        before = (baseline or {}).get(one.name)
        if before is None:
            return Outcome(one, True, f"{one.name} of the baseline is not known")
        bound = one.value * before
        compared = f"{one.value:g} x {written(one.name, before)} = {written(one.name, bound)}"
    if value is None:
        return Outcome(one, True, f"{one.name} is not known")
    failed = bool(_SIGNS[one.sign](value, bound))
    is_or_not = "is" if failed else "is not"
    return Outcome(one, failed, f"{written(one.name, value)} {is_or_not} {one.sign} {compared}")


def _unknown(one: Condition, figures: Mapping[str, float | None], arms: list[str]) -> SpecError:
    said = f"{FLAG} {one.text!r}: this run has no figure {one.name}."
    with_arm = [f"{arm}.{one.name}" for arm in arms if f"{arm}.{one.name}" in figures]
    if with_arm:
        return SpecError(said, f"It has arms: write {' or '.join(with_arm)}.")
    near = difflib.get_close_matches(one.name, figures, n=1, cutoff=0.6)
    if near:
        return SpecError(said, f"Did you mean {near[0]}?")
    return SpecError(said, f"It has {', '.join(sorted(figures, key=len)[:12]) or 'none at all'}.")
