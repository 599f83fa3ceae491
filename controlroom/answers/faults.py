"""Faults: how each shows in the golden metrics, how they differ, which does most harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from controlroom.answers.doors import Runs, offered
from controlroom.answers.evidence import Evidence, Line
from controlroom.answers.figures import curves, number
from controlroom.answers.saying import Grid, Piece, Said, Value, joined, picture, say

FAULTS, NONE = "faults", "none"
AFTER = ("arming", "fault", "recovery")
SIGNALS = ("success", "rate", "p95", "lost_good", "restarts", "lag")
"""What a fingerprint is made of."""


@dataclass(frozen=True, slots=True)
class Print:
    """What one arm did to its users and to the queue: a value of each block, where known."""

    arm: str
    blocks: int
    success: Sequence[float]
    """Share of good answers since the injection."""
    rate: Sequence[float]
    """Good requests/s of the worst second over those of the baseline."""
    p95: Sequence[float]
    """Of the worst second over the middle of the baseline."""
    lost_good: Sequence[float]
    restarts: Sequence[float]
    lag: Sequence[float]
    """Highest number of records that waited."""
    back: Sequence[float]
    """Seconds from the injection until all was as before."""
    detect: Sequence[float]
    lost: int | None
    doubled: int | None

    def middle(self, signal: str) -> float | None:
        """None where it is not known."""
        values: Sequence[float] = getattr(self, signal)
        return median(values) if values else None


def prints(one: Evidence) -> list[Print]:
    """Of each arm."""
    samples: dict[int, list[Line]] = {}
    for each in one.samples:
        samples.setdefault(each["block"], []).append(each)
    return [_print(one, arm, samples) for arm in one.arms if one.of(arm)]


def _print(one: Evidence, arm: str, samples: dict[int, list[Line]]) -> Print:
    blocks = one.of(arm)
    pairs = []
    for block in blocks:
        mine = samples.get(block["place"], [])
        before = [each for each in mine if each["phase"] == "baseline"]
        after = [each for each in mine if each["phase"] in AFTER]
        if before and after:
            pairs.append((before, after))
    clocks = [block.get("clocks") or {} for block in blocks]
    return Print(
        arm, len(blocks),
        _known([_success(after) for _, after in pairs]),
        _known([_rate(before, after) for before, after in pairs]),
        _known([_p95(before, after) for before, after in pairs]),
        _known([block.get("lost_good") for block in blocks]),
        _known([block.get("restarts") for block in blocks]),
        _known([max((s["lag"] for s in after if s["lag"] is not None), default=None)
                for _, after in pairs]),
        _known([each.get("from_injection") for each in clocks]),
        _known([block.get("detect") for block in blocks]),
        _sum(blocks, "lost"), _sum(blocks, "doubled"),
    )  # fmt: skip


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _sum(blocks: Sequence[Line], name: str) -> int | None:
    known = [block[name] for block in blocks if block.get(name) is not None]
    return sum(known) if len(known) == len(blocks) else None


def _success(after: Sequence[Line]) -> float | None:
    good, bad = sum(s["good"] for s in after), sum(s["bad"] for s in after)
    return good / (good + bad) if good + bad else None


def _rate(before: Sequence[Line], after: Sequence[Line]) -> float | None:
    usual = median(s["good"] for s in before)
    return min(s["good"] for s in after) / usual if usual else None


def _p95(before: Sequence[Line], after: Sequence[Line]) -> float | None:
    usual = _known([s["p95"] for s in before])
    worst = max(_known([s["p95"] for s in after]), default=None)
    return worst / median(usual) if usual and worst is not None and median(usual) else None


def moved(found: Print, none: Print | None) -> list[str]:
    """The signals that lie outside of all blocks without a fault, by more than noise would."""
    signals = []
    for signal in SIGNALS:
        value = found.middle(signal)
        usual: Sequence[float] = getattr(none, signal) if none is not None else []
        if value is None or not usual:
            continue
        low, high = min(usual), max(usual)
        apart = {
            "success": value < low - 0.001,
            "rate": value < 0.9 * low,
            "p95": value > 1.5 * high,
            "lost_good": value > high + 1,
            "restarts": value > high,
            "lag": value > 2 * high + 1,
        }
        if apart[signal]:
            signals.append(signal)
    return signals


def _found(runs: Runs) -> tuple[Evidence, list[Print], Print | None] | None:
    one = runs.get(FAULTS)
    if one is None:
        return None
    every = prints(one)
    none = next((each for each in every if each.arm == NONE), None)
    return one, [each for each in every if each.arm != NONE], none


def shows(runs: Runs) -> list[Piece]:
    """A sentence for each fault, the table of fingerprints, the picture."""
    if (found := _found(runs)) is None:
        return [say("not run", experiment=FAULTS)]
    one, every, none = found
    if none is None:
        pieces: list[Piece] = [say("no blocks without", run=one.run)]
    else:
        pieces = [_shown(one, each, moved(each, none)) for each in every]
    pieces += _missing(one)
    words = ("word fault", "measure success", "word worst rate", "word worst p95", "word lost good",
             "word restarts", "word lag", "word detect", "word back", "word books")  # fmt: skip
    rows = [_row(each) for each in ([none] if none else []) + every]
    title = joined([say("table faults", run=one.run), offered(one)], ", ")
    pieces.append(Grid(title, [say(word) for word in words], rows))
    for measure, unit, scale in (("success", "%", 100), ("p95", "ms", 1), ("lag", "", 1)):
        pieces += picture(f"picture {measure}", unit, curves(one, measure, scale),
                          [(0.0, "fault")])  # fmt: skip
    return pieces


def _missing(one: Evidence) -> list[Said]:
    """The faults of which no block is over."""
    names = [arm for arm in one.arms if not one.of(arm)]
    return [say("no blocks of", faults=", ".join(names), run=one.run)] if names else []


def _shown(one: Evidence, each: Print, signals: Sequence[str]) -> Said:
    facts = {"fault": each.arm, "run": one.run, "blocks": str(each.blocks),
             "title": _title(one, each.arm)}  # fmt: skip
    if not signals:
        return say("fault unseen", **facts)
    said = [say(f"moved {signal}", value=_shape(signal, each.middle(signal))) for signal in signals]
    back = each.middle("back")
    after = say("fault back", seconds=back) if back is not None else say("fault back unknown")
    return say("fault seen", signals=joined(said, ", "), back=after, **facts)


def _title(one: Evidence, arm: str) -> str:
    return next(
        (str(each.get("fault", "")) for each in one.plan["arms"] if each["name"] == arm), ""
    )


def _shape(signal: str, value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value * 100:.4g} %" if signal in ("success", "rate") else number(value)


def _row(each: Print) -> list[str]:
    books = "?" if each.lost is None or each.doubled is None else f"{each.lost} / {each.doubled}"
    times = each.middle("p95")
    return [
        each.arm, _shape("success", each.middle("success")), _shape("rate", each.middle("rate")),
        "?" if times is None else f"{number(times)} x", number(each.middle("lost_good")),
        number(each.middle("restarts")), number(each.middle("lag")),
        _seconds(each.middle("detect")), _seconds(each.middle("back")), books,
    ]  # fmt: skip


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{number(value)} s"


def differ(runs: Runs) -> list[Piece]:
    """For each pair of faults what tells them apart."""
    if (found := _found(runs)) is None:
        return [say("not run", experiment=FAULTS)]
    one, every, none = found
    if none is None:
        return [say("no blocks without", run=one.run)]
    signals = {each.arm: set(moved(each, none)) for each in every}
    pieces: list[Piece] = []
    for place, first in enumerate(every):
        for second in every[place + 1 :]:
            only = [
                signals[first.arm] - signals[second.arm],
                signals[second.arm] - signals[first.arm],
            ]
            facts = {"first": first.arm, "second": second.arm, "run": one.run}
            if any(only):
                pieces.append(_by_signals(only[0], only[1], facts))
            else:
                pieces.append(_by_size(first, second, facts))
    return [*(pieces or [say("differ one", run=one.run)]), *_missing(one)]


def _by_signals(ones: set[str], others: set[str], facts: dict[str, str]) -> Said:
    """Where one of both changes what the other does not."""
    if ones and others:
        return say("differ", first_only=_names(ones), second_only=_names(others), **facts)
    more = facts["first"] if ones else facts["second"]
    return say("differ more", fault=more, more=_names(ones or others), **facts)


def _names(signals: set[str]) -> Said:
    return joined([say(f"signal {one}") for one in SIGNALS if one in signals], ", ")


def _by_size(first: Print, second: Print, facts: dict[str, str]) -> Said:
    """The signal whose blocks do not overlap, if there is one."""
    for signal in ("back", *SIGNALS):
        ones: Sequence[float] = getattr(first, signal)
        others: Sequence[float] = getattr(second, signal)
        if len(ones) > 1 and len(others) > 1 and (
            max(ones) < min(others) or max(others) < min(ones)
        ):  # fmt: skip
            sizes = {"ones": _shape(signal, median(ones)), "others": _shape(signal, median(others))}
            return say("differ size", signal=say(f"signal {signal}"), **facts, **sizes)
    return say("differ unknown", **facts)


def harmful(runs: Runs) -> list[Piece]:
    """The ranking by damage, and as much of it as can be told."""
    if (found := runs.get(FAULTS)) is None:
        return [say("not run", experiment=FAULTS)]
    places: Sequence[Line] = found.result.get("ranking") or ()
    if not places:
        return [say("not measured", what=say("word damage"), run=found.run)]
    if len(places) < 2:
        return [say("differ one", run=found.run), *_missing(found)]
    first = places[0]
    facts: dict[str, Value | Said] = {
        "fault": first["arm"], "score": first["score"], "span": _span(first), "run": found.run,
        "alike": ", ".join(first["ties"]),
    }  # fmt: skip
    key = "harm unseen" if not first["seen"] else "harm unknown" if first["ties"] else "harm"
    bound = [one["arm"] for one in places if one["bound"]]
    least = [say("harm bound", faults=", ".join(bound))] if bound else []
    rows = [
        [str(one["place"]), one["arm"], f"{number(one['score'])} s", _span(one),
         str(one["blocks"]), ", ".join(one["ties"]) or "-"]
        for one in places
    ]  # fmt: skip
    words = (
        "word place",
        "word fault",
        "word damage",
        "word interval",
        "word blocks",
        "word alike",
    )
    table = Grid(say("table harm", run=found.run), [say(word) for word in words], rows)
    return [say(key, **facts), *_missing(found), *least, say("harm formula"), table]


def _span(one: Line) -> Said:
    if one["low"] is None:
        return say("one block")
    return say("interval", low=one["low"], high=one["high"])
