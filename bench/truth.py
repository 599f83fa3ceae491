"""How often verdicts are right: `python -m bench.truth`, some minutes of one core.

Two arms that do not differ, or differ by what is put in, are compared thousands of times on
synthetic samples (`bench/noise.py`) and, with `--recorded FILE`, on values that were measured:
one number a line, in their order. Printed are the rates beside what is stated, with what chance
leaves open (95 %, in brackets). `--repeats` and `--seeds` say how often and from where. Nothing is
asserted. `--engines N` conducts N whole experiments with two equal arms on a stack of its own
instead, and prints each as it ends; ctrl+c cuts it. `--injected` puts a delay, failures and a
missing document into a stack and prints what the results say beside what was counted here.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.intervals import METHODS
from bench.noise import ARMS, NOISES, Noise, blocks_of
from bench.running_stack import print_machine
from bench.truth_engines import alike_on_engines
from bench.truth_golden import golden_on_engines
from bench.truth_injected import injected_on_engines
from bench.wilson import rate
from controlroom.verdicts import Comparison, blocks_needed, compare, rank
from controlroom.verdicts.blocks import pairs
from controlroom.verdicts.comparing import LEVEL, MARGIN
from controlroom.verdicts.interval import line
from controlroom.verdicts.planning import rounds_to_tell

ROUNDS = (6, 12, 30)
SLOWER = 1.1
_LONG = 400
"""Blocks; nobody waits for more."""
_PILOT = 200
_FAR = 2_000_000
"""Apart from each other by so much, seeds of repeats never meet."""


class Trials:
    """Seeds of repeats, each with its own source of chance."""

    def __init__(self, seeds: Sequence[int], repeats: int) -> None:
        self._seeds, self._repeats = seeds, repeats

    def of(self, row: str) -> Iterator[tuple[int, random.Random]]:
        """(Seed, source of chance) of each repeat; no two rows have the same."""
        for seed in self._seeds:
            for repeat in range(self._repeats // len(self._seeds)):
                yield seed * _FAR + repeat, random.Random(f"{row} {seed} {repeat}")

    @property
    def count(self) -> int:
        return self._repeats // len(self._seeds) * len(self._seeds)

    def fewer(self, share: float) -> Trials:
        return Trials(self._seeds, max(int(self._repeats * share), len(self._seeds)))


def table(title: str, head: str, rows: Iterator[Sequence[str]]) -> None:
    """Prints each row as soon as it is there."""
    names = head.split(" | ")
    print(f"\n### {title}\n\n| {head} |\n|---|{'---:|' * (len(names) - 1)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def _some(*names: str) -> list[str]:
    """Of these what there is; all where what is compared was measured."""
    return [name for name in names if name in NOISES] or list(NOISES)


def methods(trials: Trials) -> Iterator[Sequence[str]]:
    """Coverage and median width of the intervals that could have been taken."""
    for name, noise in NOISES.items():
        for rounds in (6, 10, 20):
            hits, widths = Counter[str](), dict[str, list[float]]()
            for seed, chance in trials.of(f"{name} {rounds}"):
                found, _ = pairs(blocks_of(noise(chance, 2 * rounds), seed), *ARMS)
                values = [pair.difference for pair in found]
                places = [float(pair.later) for pair in found]
                for method, interval in METHODS.items():
                    low, high = interval(values, places, LEVEL, seed)
                    hits[method] += low <= 0 <= high
                    widths.setdefault(method, []).append(high - low)
            yield [
                f"{name}, {rounds}",
                *(
                    f"{100 * hits[method] / trials.count:.1f} ({100 * median(widths[method]):.0f})"
                    for method in METHODS
                ),
            ]


def _compared(trials: Trials, name: str, rounds: int, ratio: float) -> Iterator[Comparison]:
    for seed, chance in trials.of(f"{name} {rounds} {ratio}"):
        blocks = blocks_of(NOISES[name](chance, 2 * rounds), seed, ratio)
        yield compare(blocks, *ARMS, "less", seed=seed)


def alike(trials: Trials) -> Iterator[Sequence[str]]:
    """A/A: nothing differs. The last row is all of them together."""
    total, rows = Counter[str](), 0
    for name in NOISES:
        for rounds in ROUNDS:
            found, widths = Counter[str](), list[float]()
            for one in _compared(trials, name, rounds, 1.0):
                found.update((one.kind, "held" if one.low <= 1 <= one.high else "missed"))
                widths.append(one.high - one.low)
            total, rows = total + found, rows + 1
            yield [
                f"{name}, {rounds}",
                *_rates(found, trials.count),
                f"{100 * median(widths):.0f}",
            ]
    yield [f"all {rows * trials.count:,}", *_rates(total, rows * trials.count), ""]


def _rates(found: Counter[str], count: int) -> list[str]:
    kinds = ("faster", "no difference", "cannot tell", "held")
    return [rate(found[kind], count) for kind in kinds]


def apart(trials: Trials) -> Iterator[Sequence[str]]:
    """A is slower by 10 %."""
    for name in NOISES:
        for rounds in ROUNDS:
            said = Counter[str]()
            for one in _compared(trials, name, rounds, SLOWER):
                said[one.winner or one.kind] += 1
            columns = ("B", "A", "no difference", "cannot tell")
            yield [f"{name}, {rounds}", *(rate(said[column], trials.count) for column in columns)]


def power(trials: Trials) -> Iterator[Sequence[str]]:
    """Whether as many rounds as 4 in 5 need, by a long pilot, find 10 % in 4 of 5."""
    for name in NOISES:
        pilot = blocks_of(NOISES[name](random.Random(name), 2 * _PILOT), 1)
        found, _ = pairs(pilot, *ARMS)
        fit = line([pair.difference for pair in found], [pair.later for pair in found])
        true = replace(fit, centre=math.log(SLOWER), error=0.0)
        rounds = rounds_to_tell(true, 1.0, LEVEL, math.log1p(MARGIN))
        winners = [one.winner for one in _compared(trials, name, rounds, SLOWER)]
        yield [name, str(rounds), rate(winners.count("B"), trials.count)]


def at_the_margin(trials: Trials) -> Iterator[Sequence[str]]:
    """The difference is as large as the margin, so "no difference" is false."""
    for name in _some("constant", "heavy-tailed", "bursts", "wandering"):
        said = Counter(one.kind for one in _compared(trials, name, 40, 1 + MARGIN))
        yield [f"{name}, 40", rate(said["no difference"], trials.count)]


def several(trials: Trials) -> Iterator[Sequence[str]]:
    """Five questions at once, of arms that do not differ."""
    for name in _some("constant", "bursts"):
        for rounds in (6, 12):
            false = {1: 0, 5: 0}
            for questions in false:
                for seed, chance in trials.of(f"{name} {rounds}"):
                    found = [
                        compare(
                            blocks_of(NOISES[name](chance, 2 * rounds), seed * 5 + question),
                            *ARMS,
                            "less",
                            seed=seed * 5 + question,
                            questions=questions,
                        )
                        for question in range(5)
                    ]
                    false[questions] += any(one.kind == "faster" for one in found)
            yield [f"{name}, {rounds}", *(rate(hits, trials.count) for hits in false.values())]


def advice(trials: Trials) -> Iterator[Sequence[str]]:
    """Whether the blocks that "cannot tell" asks for are enough."""
    for name in _some("constant", "heavy-tailed", "bursts", "wandering"):
        for ratio in (1.0, 1.04, SLOWER):
            asked, told, open_ones = list[int](), 0, 0
            for seed, chance in trials.of(f"{name} {ratio}"):
                first = compare(
                    blocks_of(NOISES[name](chance, 16), seed, ratio), *ARMS, "less", seed=seed
                )
                if first.kind != "cannot tell":
                    continue
                open_ones += 1
                if first.more_blocks > _LONG:
                    continue
                asked.append(first.more_blocks)
                values = NOISES[name](chance, 16 + first.more_blocks)
                again = compare(blocks_of(values, seed, ratio), *ARMS, "less", seed=seed)
                told += again.kind != "cannot tell"
            if asked:
                yield [
                    f"{name}, {100 * ratio - 100:.0f} %",
                    str(open_ones),
                    str(len(asked)),
                    f"{median(asked):.0f}",
                    rate(told, len(asked)),
                ]


def planned(trials: Trials) -> Iterator[Sequence[str]]:
    """Whether the interval is as narrow as the pilot was asked for."""
    for name in _some("constant", "heavy-tailed", "bursts", "wandering"):
        needed, narrow = list[int](), 0
        for seed, chance in trials.of(name):
            pilot = blocks_of(NOISES[name](chance, 12), seed)
            needed.append(blocks_needed(pilot, 0.1, most=_LONG))
            one = compare(
                blocks_of(NOISES[name](chance, needed[-1]), seed), *ARMS, "less", seed=seed
            )
            narrow += one.high - one.low <= 0.1
        yield [name, f"{median(needed):.0f}", rate(narrow, trials.count)]


def effects(trials: Trials) -> Iterator[Sequence[str]]:
    """How often drift and order effects are said."""
    for name in NOISES:
        for rounds in (12, 30):
            found = list(_compared(trials, name, rounds, 1.0))
            yield [
                f"{name}, {rounds}",
                rate(sum(bool(one.drift) for one in found), trials.count),
                rate(sum(bool(one.order_effect) for one in found), trials.count),
            ]


def ranking(trials: Trials) -> Iterator[Sequence[str]]:
    """Four faults with the same true score, or scores of 10, 14, 20 and 28 s."""
    for title, true in (("all 20 s", (20.0,) * 4), ("10, 14, 20, 28 s", (10.0, 14.0, 20.0, 28.0))):
        for repeats in (3, 5, 8):
            wrong = told = 0
            for _, chance in trials.of(f"{title} {repeats}"):
                scores = {
                    f"{number}": [
                        max(mean * (1 + chance.gauss(0, 0.15)), 0) for _ in range(repeats)
                    ]
                    for number, mean in enumerate(true)
                }
                places = {place.name: place for place in rank(scores)}
                for first in range(4):
                    for second in range(first + 1, 4):
                        one, other = places[f"{first}"], places[f"{second}"]
                        if other.name not in one.not_told_from:
                            told += 1
                            wrong += true[first] == true[second] or one.score > other.score
            yield [
                f"{title}, {repeats}",
                rate(told, 6 * trials.count),
                rate(wrong, 6 * trials.count),
            ]


def recorded(path: Path) -> Noise:
    """Pieces of what was measured, from anywhere in it, as noise of arms that do not differ."""
    values = [math.log(float(line)) for line in path.read_text().split()]

    def piece(chance: random.Random, count: int) -> list[float]:
        begin = chance.randrange(len(values) - count + 1)
        return values[begin : begin + count]

    return piece


_RATES = (
    "noise, rounds | A or B faster (at most 5) | no difference | cannot tell | "
    "interval holds 1 (95) | width"
)
PARTS: dict[str, tuple[str, str, float, Callable[[Trials], Iterator[Sequence[str]]]]] = {
    "methods": (
        "Intervals that could have been taken: coverage in % (median width in %), 95 is stated",
        f"noise, rounds | {' | '.join(METHODS)}",
        0.7,
        methods,
    ),
    "alike": ("A/A: arms that do not differ", _RATES, 1.0, alike),
    "apart": (
        "A/B: A is slower by 10 %",
        "noise, rounds | B faster (right) | A faster (at most 2.5) | no difference (at most 2.5) | "
        "cannot tell",
        1.0,
        apart,
    ),
    "power": (
        f"As many rounds as finding 10 % in 4 of 5 takes, by a pilot of {_PILOT} rounds",
        "noise | rounds | B faster (80)",
        0.5,
        power,
    ),
    "margin": (
        f"A is slower by the margin, {100 * MARGIN:.0f} %",
        "noise, rounds | no difference (at most 2.5)",
        1.0,
        at_the_margin,
    ),
    "several": (
        "Five questions at once, nothing differs: sets with a false verdict",
        "noise, rounds | not corrected | corrected (at most 5)",
        0.5,
        several,
    ),
    "advice": (
        "After the blocks that a verdict on 8 rounds asked for",
        f"noise, true difference | cannot tell | asked for at most {_LONG} | blocks (median) | "
        "then told (80)",
        0.5,
        advice,
    ),
    "planned": (
        "An interval 10 % wide, from a pilot of 6 rounds",
        f"noise | blocks (median, at most {_LONG}) | as narrow (80)",
        0.5,
        planned,
    ),
    "effects": (
        "What is said of drift and order",
        "noise, rounds | drift | order effect",
        0.5,
        effects,
    ),
    "ranking": (
        "Ranking four faults, scores with 15 % of noise: pairs of faults",
        "true scores, repetitions | told | told wrongly",
        2.0,
        ranking,
    ),
}


def main() -> int:
    """Prints the tables; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.truth")
    parser.add_argument("--repeats", type=int, default=600, help="comparisons for each row")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--recorded", type=Path, help="values that were measured, one a line")
    parser.add_argument(
        "--engines", type=int, metavar="N", help="instead: N whole A/A experiments on real engines"
    )
    parser.add_argument("--at-a-time", type=int, default=4, metavar="N", help="of --engines")
    parser.add_argument(
        "--injected", action="store_true", help="instead: what is injected, beside a count of ours"
    )
    parser.add_argument(
        "--golden", action="store_true", help="instead: golden metrics, beside a client's count"
    )
    args = parser.parse_args()
    if args.golden:
        return golden_on_engines()
    if args.injected:
        return injected_on_engines()
    if args.engines:
        return alike_on_engines(args.engines, args.at_a_time, args.seeds[0])
    if args.recorded:
        NOISES.clear()
        NOISES["recorded"] = recorded(args.recorded)
    print_machine()
    print(f"seeds {' '.join(map(str, args.seeds))}, {args.repeats} comparisons for a row of A/A")
    begun, trials = time.process_time(), Trials(args.seeds, args.repeats)
    for name in args.parts:
        title, head, share, rows = PARTS[name]
        table(title, head, rows(trials.fewer(share)))
    print(f"\n{time.process_time() - begun:.0f} s of CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
