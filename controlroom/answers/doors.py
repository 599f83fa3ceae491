"""Doors and queues beside each other: which is fastest, what each costs, what each is good at."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from controlroom.answers.evidence import Evidence
from controlroom.answers.figures import Middle, curves, leader, middle, ordered, told
from controlroom.answers.saying import Grid, Piece, Said, Value, joined, picture, say, verdict

Runs = Mapping[str, Evidence]
"""Name of an experiment -> what it left behind."""
EQUAL, LIMIT, DEATHS = "doors-equal", "doors-limit", "deaths"


def offered(evidence: Evidence) -> Said:
    """What load it was."""
    load = evidence.load
    if load.get("rate") is not None:
        return say("offered rate", rate=load["rate"])
    return say("offered users", users=str(load["users"]))


def fastest(runs: Runs) -> list[Piece]:
    """By latency at equal offered load, and by throughput at the limit."""
    found: list[Piece] = []
    for name, measure, more in ((EQUAL, "p50", False), (LIMIT, "throughput", True)):
        one = runs.get(name)
        if one is None:
            found.append(say("not run", experiment=name))
            continue
        found.append(best(one, measure, more))
        found += verdicts(one, measure)
    for name in (EQUAL, LIMIT):
        if name in runs:
            found += [_table(runs[name]), *picture("picture p95", "ms", curves(runs[name], "p95"))]
    return found


def verdicts(one: Evidence, measure: str) -> list[Said]:
    """A sentence for each comparison; one for all of them where there are too few blocks."""
    every = one.comparisons(measure)
    if every and not any(
        each["kind"] != "cannot tell" or each.get("more_blocks") for each in every
    ):
        return [say("verdicts few", measure=say(f"measure {measure}"), run=one.run)]
    return [verdict(each) for each in every]


def best(one: Evidence, measure: str, more: bool) -> Said:
    """Which arm leads, with its figure, or between which it cannot be told."""
    won, open_ones = leader(one, measure)
    places = ordered(one, measure, more)
    if not places:
        return say("not measured", what=say(f"measure {measure}"), run=one.run)
    unit = "/s" if measure == "throughput" else "ms"
    seen = ", ".join(f"{arm} {told(middle(one.values(arm, measure)), unit)}" for arm in places)
    facts: dict[str, Value | Said] = {
        "measure": say(f"measure {measure}"),
        "seen": seen,
        "load": offered(one),
    }
    if won:
        return say("fastest", arm=won, run=one.run, **facts)
    between = ", ".join(arm for arm in places if arm in open_ones) or ", ".join(places)
    return say("fastest unknown", between=between, first=places[0], run=one.run, **facts)


def _table(one: Evidence) -> Grid:
    header = [say("word arm"), say("measure success"), say("measure throughput"),
              *(say(f"measure {each}") for each in ("p50", "p95", "p99")),
              say("word queue p95"), say("word lag")]  # fmt: skip
    rows = [
        [
            arm,
            told(_of(one, arm, "success"), "%", 100),
            told(_of(one, arm, "throughput"), "/s"),
            *(told(_of(one, arm, name), "ms") for name in ("p50", "p95", "p99")),
            told(queue_time(one, arm), "ms"),
            told(_of(one, arm, "lag_peak")),
        ]
        for arm in one.arms
    ]
    return Grid(joined([say("table doors", run=one.run), offered(one)], ", "), header, rows)


def _of(one: Evidence, arm: str, measure: str) -> Middle | None:
    return middle(one.values(arm, measure))


def queue_time(one: Evidence, arm: str, which: str = "p95") -> Middle | None:
    """From produced to stored; None where it was not measured."""
    phases = [each["phases"].get(one.phase, {}).get("queue_time") or {} for each in one.of(arm)]
    return middle([each[which] for each in phases if each.get(which) is not None])


def used(one: Evidence, arm: str, what: str, only: str = "") -> Middle | None:
    """`cpu` (cores) or `memory` (MiB) of all services, or of one, over the compared phase."""
    totals = []
    for each in one.of(arm):
        services = each["phases"].get(one.phase, {}).get("services") or {}
        known = [v[what] for name, v in services.items() if what in v and only in ("", name)]
        if known:
            totals.append(sum(known))
    return middle(totals)


def resources(runs: Runs) -> list[Piece]:
    """CPU and memory while each arm carried the load."""
    one = runs.get(EQUAL)
    if one is None:
        return [say("not run", experiment=EQUAL)]
    cpu = {arm: found for arm in one.arms if (found := used(one, arm, "cpu"))}
    if not cpu:
        return [say("not measured", what=say("word resources"), run=one.run)]
    least, most = min(cpu, key=lambda a: cpu[a].value), max(cpu, key=lambda a: cpu[a].value)
    key = "resources" if apart(cpu[least], cpu[most]) else "resources alike"
    said = say(
        key, least=least, most=most, least_cpu=told(cpu[least]), most_cpu=told(cpu[most]),
        load=offered(one), run=one.run,
    )  # fmt: skip
    rows = []
    for arm in cpu:
        rate = fmean(one.values(arm, "throughput") or [0.0])
        each = cpu[arm].value * 1000 / rate if rate else None
        rows.append([
            arm, told(cpu[arm]), told(used(one, arm, "memory"), "MiB"),
            told(Middle(each, None, None, 1) if each else None).removesuffix(" [1]"),
            _largest(one, arm),
        ])  # fmt: skip
    words = ("word arm", "word cpu", "word memory", "word cpu each", "word largest")
    return [said, Grid(say("table resources", run=one.run), [say(each) for each in words], rows)]


def _largest(one: Evidence, arm: str) -> str:
    """The services that took most of the CPU."""
    names = {
        name
        for each in one.of(arm)
        for name in (each["phases"].get(one.phase, {}).get("services") or {})
    }
    cpu = {name: found.value for name in names if (found := used(one, arm, "cpu", name))}
    top = sorted(cpu, key=lambda name: -cpu[name])[:3]
    return ", ".join(f"{name} {cpu[name]:.2f}" for name in top)


def apart(one: Middle, other: Middle) -> bool:
    """Whether the intervals are known, and do not overlap."""
    if one.low is None or other.low is None or one.high is None or other.high is None:
        return False
    return one.high < other.low or other.high < one.low


def traits(runs: Runs) -> list[Piece]:
    """What each is good and bad at: its place in each measure, and what a death lost."""
    arms = next((runs[name].arms for name in (EQUAL, LIMIT) if name in runs), [])
    if not arms:
        return [say("not run", experiment=EQUAL)]
    return [*(_trait(runs, arm) for arm in arms), say("fan-out")]


def _trait(runs: Runs, arm: str) -> Said:
    good: list[Said] = []
    bad: list[Said] = []
    for name, measure, more, unit in (
        (EQUAL, "p50", False, "ms"),
        (EQUAL, "p99", False, "ms"),
        (LIMIT, "throughput", True, "/s"),
    ):
        one = runs.get(name)
        places = ordered(one, measure, more) if one is not None else []
        if one is None or arm not in places or len(places) < 2:
            continue
        seen = say("trait", measure=say(f"measure {measure}"),
                   seen=told(middle(one.values(arm, measure)), unit), run=one.run,
                   place=str(places.index(arm) + 1), of=str(len(places)))  # fmt: skip
        (good if places.index(arm) < len(places) / 2 else bad).append(seen)
    died = death(runs, arm)
    if died is not None:
        said, harmless = died
        (good if harmless else bad).append(said)
    nothing = say("trait none")
    return say("traits", arm=arm, good=joined(good, ", ") if good else nothing,
               bad=joined(bad, ", ") if bad else nothing)  # fmt: skip


def death(runs: Runs, arm: str) -> tuple[Said, bool] | None:
    """What was lost when the one that reads its queue was killed, and whether that is nothing."""
    one = runs.get(DEATHS)
    blocks = one.of(arm) if one is not None else []
    if one is None or not blocks:
        return None
    lost = [each["lost"] for each in blocks if each.get("lost") is not None]
    if len(lost) < len(blocks):
        return say("death unknown", run=one.run), False
    failed = sum(phase["bad"] for each in blocks for phase in each["phases"].values())
    said = say("death", lost=sum(lost), failed=failed, kills=str(len(blocks)), run=one.run)
    return said, not sum(lost) and not failed


def best_of_all(runs: Runs) -> list[Piece]:
    """The one that is first in all that was measured, or what each is first in."""
    firsts: list[tuple[Said, str]] = []
    for name, measure in ((EQUAL, "p50"), (EQUAL, "p99"), (LIMIT, "throughput")):
        if (one := runs.get(name)) is not None and one.comparisons(measure):
            won, _ = leader(one, measure)
            firsts.append(
                (say("by load", measure=say(f"measure {measure}"), load=offered(one)), won)
            )
    told_ones = {won for _, won in firsts if won}
    lossless = [arm for arm in (runs[DEATHS].arms if DEATHS in runs else ())
                if (found := death(runs, arm)) and found[1]]  # fmt: skip
    facts = joined([say("first by", by=by, arm=won or say("nobody told")) for by, won in firsts])
    safe = ", ".join(lossless) or say("nobody told")
    if len(told_ones) == 1 and all(won for _, won in firsts) and told_ones <= set(lossless):
        return [say("best", arm=told_ones.pop(), facts=facts)]
    return [say("best depends", facts=facts, safe=safe)]
