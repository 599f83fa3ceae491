"""Which of two arms is faster, or that they are alike, or that it cannot be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from controlroom.verdicts import words
from controlroom.verdicts.blocks import Block, Pair, pairs
from controlroom.verdicts.interval import Line, critical, line
from controlroom.verdicts.planning import LEAST_ROUNDS, rounds_to_tell
from controlroom.verdicts.student import quantile

LEVEL = 0.95
MARGIN = 0.05
"""Differences up to this share are no difference to whoever asks."""
NOTICED = 0.99
"""Level at which drift and order effects are told from none."""
_LEAST_EFFECT = 0.01
"""Smaller ones are not worth a word."""

Kind = Literal["faster", "no difference", "cannot tell"]
Better = Literal["less", "more"]


@dataclass(frozen=True)
class Comparison:
    """What the rounds say about the value of `first` over that of `second`."""

    first: str
    second: str
    better: Better
    ratio: float
    """Geometric mean over rounds; 1 where no round has both arms."""
    low: float
    high: float
    """The interval of the ratio; 0 and infinity where there are too few rounds."""
    kind: Kind
    more_blocks: int
    """Of both arms together, after which it can be told, 4 times in 5; 0 where it is told."""
    drift: str
    """How the values changed from the first round to the last, or empty."""
    order_effect: str
    """What the place in a round did, or empty."""
    rounds: int
    """That have both arms."""
    left_out: int
    """Rounds with one of the arms only."""
    margin: float
    level: float
    """Of the interval, after the correction for several questions."""

    @property
    def winner(self) -> str:
        """The faster arm; empty where none is."""
        if self.kind != "faster":
            return ""
        return self.first if (self.ratio > 1) == (self.better == "more") else self.second

    def sentence(self, measure: str = "", word: str = "faster") -> str:
        """The verdict: `A is faster by 12 to 19 %`, with `p95: ` before it for a measure.

        Percentages are of the slower arm's value: 12 % less time, or 12 % more events.
        `word` says what is better about the arm, for a measure that is no speed (`cheaper`).
        """
        return f"{measure}: {self._said(word)}" if measure else self._said(word)

    def _said(self, word: str) -> str:
        if self.kind == "cannot tell":
            return f"cannot tell: needs {words.about_number(self.more_blocks)} more blocks"
        if self.kind == "no difference":
            largest = max(self.high, 1 / self.low) - 1
            return f"no difference larger than {words.at_most(largest, self.margin)}"
        low, high = self.low, self.high
        if self.winner == self.second:
            low, high = 1 / high, 1 / low
        least, most = (1 - high, 1 - low) if self.better == "less" else (low - 1, high - 1)
        return f"{self.winner} is {word} by {words.between(least, most)}"


def compare(
    blocks: Sequence[Block],
    first: str,
    second: str,
    better: Better,
    *,
    seed: int,
    level: float = LEVEL,
    questions: int = 1,
    margin: float = MARGIN,
    arms: int | None = None,
) -> Comparison:
    """Compares two arms that took turns as `order` says, round by round.

    `better`: whether a lower value (time) or a higher one (throughput) is faster. `questions`:
    how many comparisons are asked at once; each is then answered so strictly that at least `level`
    of such sets have no false one (Bonferroni, which holds however the comparisons depend on each
    other). `margin`: the share up to which a difference is none. `arms`: how many took turns,
    where `blocks` leaves some of them out.

    The estimate is the mean, over rounds, of log(first) - log(second), at the same place in the
    round: drift of the whole cancels within a round, and what the place does is taken out by a
    straight line. `interval.py` says how the interval is made and why so.

    - "no difference": the whole interval is within the margin.
    - "faster": else, and the interval does not hold 1.
    - "cannot tell": everything else, and fewer than `LEAST_ROUNDS` rounds, and rounds in which one
      arm always came first.

    Raises ValueError, which names arm and block, for values that are not above 0, an arm that is
    not there, the same arm twice in a round; and for a level, margin or number out of range.
    """
    _check(level, questions, margin, better)
    level = 1 - (1 - level) / questions
    found, left_out = pairs(blocks, first, second, arms)
    fit = _fit(found)
    half = _half(found, fit, level, seed)
    centre = fit.centre if fit else math.fsum(p.difference for p in found) / max(len(found), 1)
    low, high, limit = centre - half, centre + half, math.log1p(margin)
    kind = _kind(low, high, limit)
    more = _more(found, fit, half, level, limit) if kind == "cannot tell" else 0
    drift, order_effect = _effects(found, fit)
    return Comparison(
        first=first,
        second=second,
        better=better,
        ratio=math.exp(centre),
        low=_exp(low),
        high=_exp(high),
        kind=kind,
        more_blocks=more,
        drift=drift,
        order_effect=order_effect,
        rounds=len(found),
        left_out=left_out,
        margin=margin,
        level=level,
    )


def _check(level: float, questions: int, margin: float, better: str) -> None:
    if not 0.5 <= level < 1:
        raise ValueError(f"level: 0.5 to below 1, such as 0.95, not {level}")
    if questions < 1:
        raise ValueError(f"questions: 1 or more, not {questions}")
    if not 0 < margin < 1:
        raise ValueError(f"margin: a share above 0 and below 1, such as 0.05, not {margin}")
    if better not in ("less", "more"):
        raise ValueError(f"better: less or more, not {better!r}")


def _fit(found: Sequence[Pair]) -> Line | None:
    """The difference at the same place in the round; None where it cannot be told from the place.

    That needs rounds in which the first arm came first and others in which it came later.
    """
    sides = {pair.later > 0 for pair in found}
    if len(sides) < 2 or len(found) < 3:
        return None
    return line([pair.difference for pair in found], [pair.later for pair in found])


def _half(found: Sequence[Pair], fit: Line | None, level: float, seed: int) -> float:
    """Half of the interval's width, on the scale of logarithms."""
    if fit is None or len(found) < LEAST_ROUNDS:
        return math.inf
    return critical(fit, level, seed) * fit.error


def _kind(low: float, high: float, limit: float) -> Kind:
    if -limit <= low and high <= limit:
        return "no difference"
    return "faster" if low > 0 or high < 0 else "cannot tell"


def _more(found: Sequence[Pair], fit: Line | None, half: float, level: float, limit: float) -> int:
    """Blocks of both arms that are still needed; 2 at least."""
    if fit is None:
        return 2 * max(LEAST_ROUNDS - len(found), LEAST_ROUNDS // 2)
    usual = quantile(level, fit.freedom) * fit.error
    reach = half / usual if usual and math.isfinite(half) else 1.0
    needed = rounds_to_tell(fit, reach, level, limit)
    return 2 * max(needed - len(found), LEAST_ROUNDS - len(found), 1)


def _effects(found: Sequence[Pair], fit: Line | None) -> tuple[str, str]:
    """(Drift, order effect) in words; each empty where it is not told from none."""
    if fit is None:
        same = len(found) > 1 and len({pair.later > 0 for pair in found}) == 1
        return "", "one arm always came first: what its place did cannot be told" if same else ""
    middles = [pair.middle for pair in found]
    trend = line([pair.level for pair in found], middles)
    change = math.expm1(trend.slope * (max(middles) - min(middles)))
    drift = ""
    if trend.slope_is_there(NOTICED) and abs(change) >= _LEAST_EFFECT:
        drift = f"values {_moved(change)} by about {words.about(change)} during the comparison"
    # a later place is also a later time: what drift does between two places is not the order
    place = fit.slope - trend.slope
    error = math.hypot(fit.slope_error, trend.slope_error)
    effect, order_effect = math.expm1(place), ""
    told = abs(place) > quantile(NOTICED, fit.freedom) * error
    if told and abs(effect) >= _LEAST_EFFECT:
        word = "higher" if effect > 0 else "lower"
        order_effect = f"each place later in a round was {word} by about {words.about(effect)}"
    return drift, order_effect


def _moved(change: float) -> str:
    return "rose" if change > 0 else "fell"


def _exp(logarithm: float) -> float:
    """Also of what is too large for a float."""
    return math.exp(logarithm) if logarithm < 700 else math.inf
