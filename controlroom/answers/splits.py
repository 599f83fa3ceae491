"""The four tests with faulty traffic: what the weights predict, and what was seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from controlroom.answers.doors import Runs, offered
from controlroom.answers.evidence import Evidence
from controlroom.answers.figures import Middle, curves, middle, number, told
from controlroom.answers.saying import Grid, Piece, Said, joined, picture, say

SPLITS = "splits"
CLOSE = 0.02
"""Shares of success so near each other are the same: requests under way when a split begins."""


@dataclass(frozen=True, slots=True)
class Test:
    """One split: its branches, and success predicted and seen."""

    arm: str
    branches: Sequence[tuple[str, float, float]]
    """Name, share, success predicted for it (0 to 1)."""
    seen: Middle | None
    before: Middle | None
    requests: int

    @property
    def predicted(self) -> float:
        """By the weights."""
        return sum(share * success for _, share, success in self.branches)

    @property
    def faulty(self) -> float:
        """Share of the branches that cannot succeed."""
        return sum(share for _, share, success in self.branches if not success)

    @property
    def as_predicted(self) -> bool:
        """Whether what was seen is what the weights predict."""
        chance = self.predicted * (1 - self.predicted) / max(self.requests, 1)
        near = CLOSE + 2 * math.sqrt(chance)
        return self.seen is not None and abs(self.seen.value - self.predicted) <= near


def tests_of(one: Evidence) -> list[Test]:
    """Of each arm with a split."""
    found = []
    for arm in one.plan["arms"]:
        manifest = one.splits.get(arm.get("split", ""))
        if manifest is None:
            continue
        branches = manifest["spec"]["branches"]
        total = sum(branch["weight"] for branch in branches)
        shares = [(branch.get("name", branch["service"]), branch["weight"] / total,
                   branch.get("success", 100) / 100) for branch in branches]  # fmt: skip
        name = arm["name"]
        found.append(Test(name, shares, middle(one.values(name, "success", "fault")),
                          middle(one.values(name, "success", "baseline")),
                          sum(block["phases"]["fault"]["good"] + block["phases"]["fault"]["bad"]
                              for block in one.of(name))))  # fmt: skip
    return found


def four_tests(runs: Runs) -> list[Piece]:
    """How golden metrics work, and each test read by them."""
    pieces: list[Piece] = [say("golden")]
    one = runs.get(SPLITS)
    if one is None:
        return [*pieces, say("not run", experiment=SPLITS)]
    every = tests_of(one)
    pieces += [_told(each, one) for each in every]
    header = [say(word) for word in ("word test", "word branches", "word predicted", "word seen",
                                     "word before", "measure throughput", "measure p50",
                                     "measure p95")]  # fmt: skip
    rows = [
        [each.arm, _branches(each), f"{each.predicted * 100:.4g} %", told(each.seen, "%", 100),
         told(each.before, "%", 100), told(middle(one.values(each.arm, "throughput")), "/s"),
         *(told(middle(one.values(each.arm, name)), "ms") for name in ("p50", "p95"))]
        for each in every
    ]  # fmt: skip
    title = joined([say("table splits", run=one.run), offered(one)], ", ")
    plot = picture("picture success", "%", curves(one, "success", 100), [(0.0, "split")])
    return [*pieces, Grid(title, header, rows), *plot]


def _branches(each: Test) -> str:
    return ", ".join(f"{name} {number(share * 100)} %" for name, share, _ in each.branches)


def _told(each: Test, one: Evidence) -> Said:
    facts = {"test": each.arm, "branches": _branches(each), "run": one.run,
             "predicted": f"{each.predicted * 100:.4g} %",
             "seen": told(each.seen, "%", 100)}  # fmt: skip
    if each.seen is None:
        return say("not measured", what=say("word seen"), run=one.run)
    if not each.as_predicted:
        return say("test other", **facts)
    change = joined([_change(one, each.arm, name) for name in ("p50", "p95")], ", ")
    return say("test faulty" if each.faulty else "test good", change=change, **facts)


def _change(one: Evidence, arm: str, measure: str) -> Said:
    return say("change", measure=say(f"measure {measure}"),
               before=told(middle(one.values(arm, measure, "baseline")), "ms"),
               after=told(middle(one.values(arm, measure, "fault")), "ms"))  # fmt: skip
