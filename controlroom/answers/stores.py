"""Redis beside the document store: writes while all is well, reads by a probe, and a kill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from controlroom.answers.doors import EQUAL, Runs, offered
from controlroom.answers.evidence import Evidence
from controlroom.answers.faults import Print, prints
from controlroom.answers.figures import Middle, middle, number, told
from controlroom.answers.producers import mean
from controlroom.answers.saying import Grid, Piece, Said, Value, joined, say

STORES = "stores"
NAMES = ("redis", "mongo")
KILLS = {"redis": "kill-redis", "mongo": "kill-mongo"}


def writes(one: Evidence) -> dict[str, list[float]]:
    """Store -> mean time of a write in each block's baseline, ms; blocks that know both."""
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for line in one.hops:
        if line["phase"] != "baseline":
            continue
        times = [
            mean([hop for hop in line["hops"]
                  if hop["direction"] == "outbound" and hop["to"] == name and hop["mean"]])
            for name in NAMES
        ]  # fmt: skip
        for name, value in zip(NAMES, times, strict=True):
            if value is not None and None not in times:
                found[name].append(value)
    return found


def better(runs: Runs, reads: Mapping[str, Sequence[float]]) -> list[Piece]:
    """Which store writes faster, which reads faster, and what the death of each did."""
    one = runs.get(STORES)
    if one is None:
        return [say("not run", experiment=STORES)]
    # the doors have more blocks, and the consumers write in all of them
    calm = runs.get(EQUAL, one)
    wrote = writes(calm)
    pieces: list[Piece] = [
        _quicker("word writes", wrote, calm.run),
        _quicker("word reads", reads, one.run),
    ]
    every = {each.arm: each for each in prints(one)}
    dead = [every[arm] for arm in KILLS.values() if arm in every]
    pieces += [_killed(each, one.run) for each in dead]
    if len(dead) == len(NAMES):
        pieces.append(_safer(dead, one.run))
    words = ("word store", "word writes", "word reads", "word worst p95", "measure success",
             "word lag", "word back", "word books")  # fmt: skip
    rows = [[name, told(middle(wrote[name]), "ms"), told(middle(list(reads.get(name, ()))), "ms"),
             *_after(every.get(KILLS[name]))] for name in NAMES]  # fmt: skip
    pieces.append(
        Grid(
            joined([say("table stores", run=one.run), offered(one)], ", "),
            [say(word) for word in words],
            rows,
        )
    )
    return pieces


def _quicker(word: str, times: Mapping[str, Sequence[float]], run: str) -> Said:
    """By the ratio within each block: both stores are asked at the same time there."""
    what = say(word)
    pairs = list(zip(times.get("redis", ()), times.get("mongo", ()), strict=False))
    ratio: Middle | None = middle([slow / fast for fast, slow in pairs if fast])
    if ratio is None:
        return say("not measured", what=what, run=run)
    facts: dict[str, Value | Said] = {
             "what": what, "redis": told(middle([one for one, _ in pairs]), "ms"),
             "mongo": told(middle([one for _, one in pairs]), "ms"), "run": run}  # fmt: skip
    if ratio.low is not None and ratio.low > 1:
        return say("store quicker", store="redis", other="mongo", times=told(ratio), **facts)
    if ratio.high is not None and ratio.high < 1:
        other = middle([fast / slow for fast, slow in pairs if slow])
        return say("store quicker", store="mongo", other="redis", times=told(other), **facts)
    return say("store alike", **facts)


def _killed(each: Print, run: str) -> Said:
    back = each.middle("back")
    return say("store killed", store=each.arm.removeprefix("kill-"), run=run, lost=each.lost,
               doubled=each.doubled, lag=each.middle("lag"), success=_percent(each),
               back=say("unseen") if back is None else f"{number(back)} s",
               kills=str(each.blocks))  # fmt: skip


def _safer(dead: Sequence[Print], run: str) -> Said:
    """The store whose death was over sooner, where blocks do not overlap."""
    first, second = dead
    if first.back and second.back:
        for one, other in ((first, second), (second, first)):
            if min(len(one.back), len(other.back)) > 1 and max(one.back) < min(other.back):
                return say("store safer", store=one.arm.removeprefix("kill-"), run=run,
                           sooner=median(other.back) - median(one.back))  # fmt: skip
    return say("store safer unknown", run=run)


def _percent(each: Print) -> str:
    value = each.middle("success")
    return "?" if value is None else f"{value * 100:.4g} %"


def _after(each: Print | None) -> list[str]:
    if each is None:
        return ["?"] * 5
    books = "?" if each.lost is None or each.doubled is None else f"{each.lost} / {each.doubled}"
    back = each.middle("back")
    return [number(each.middle("p95")), _percent(each), number(each.middle("lag")),
            "-" if back is None else f"{number(back)} s", books]  # fmt: skip
