"""Patterns of behaviour: each looks for one in the figures, and says nothing where it is not."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean, median

from controlroom.answers.doors import EQUAL, LIMIT, Runs, offered
from controlroom.answers.faults import FAULTS, NONE, moved, prints
from controlroom.answers.figures import middle, number, told
from controlroom.answers.producers import splits as times
from controlroom.answers.producers import steadiest
from controlroom.answers.saying import Piece, Said, say
from controlroom.answers.splits import SPLITS, tests_of

Look = Callable[[Runs], Said | None]
SAME = 0.02
"""Shares that differ by less are the same."""
LEAST_BLOCKS = 2
"""Of one block nothing is a pattern."""
LEAST_TAIL = 2.0
"""Times the p50 from which a p99 is a long tail."""
LEAST_HOP = 0.05
"""ms that a hop takes at least, to be one and no rounding."""
WANTED = 3


def faulty_share(runs: Runs) -> Said | None:
    """Success falls by the share that meets the error injector, whatever else is beside it."""
    one = runs.get(SPLITS)
    faulty = [each for each in tests_of(one) if each.faulty and each.seen] if one else []
    if one is None or not faulty or not all(each.as_predicted for each in faulty):
        return None
    seen = ", ".join(
        f"{each.arm}: {number(each.faulty * 100)} % -> {told(each.seen, '%', 100)}"
        for each in faulty
    )
    return say("pattern share", seen=seen, run=one.run)


def errors_are_quick(runs: Runs) -> Said | None:
    """With faulty traffic the middle of latencies falls: errors are answered sooner than events."""
    one = runs.get(SPLITS)
    for each in tests_of(one) if one else ():
        assert one is not None
        before = one.values(each.arm, "p50", "baseline")
        after = one.values(each.arm, "p50", "fault")
        if each.faulty and before and after and max(after) < 0.9 * min(before):
            return say("pattern quick", test=each.arm, before=told(middle(before), "ms"),
                       after=told(middle(after), "ms"), run=one.run)  # fmt: skip
    return None


def same_volume(runs: Runs) -> Said | None:
    """At equal offered load rates are alike while latencies are not: rate hides who is slow."""
    one = runs.get(EQUAL)
    if one is None:
        return None
    rates = [fmean(values) for arm in one.arms if (values := one.values(arm, "throughput"))]
    p95 = {arm: median(values) for arm in one.arms if (values := one.values(arm, "p95"))}
    if len(rates) < 2 or len(p95) < 2 or max(rates) > (1 + SAME) * min(rates):
        return None
    least, most = min(p95, key=lambda arm: p95[arm]), max(p95, key=lambda arm: p95[arm])
    if min(len(one.values(arm, "p95")) for arm in p95) < LEAST_BLOCKS:
        return None
    if min(one.values(most, "p95")) <= max(one.values(least, "p95")):
        return None
    return say("pattern volume", apart=f"{number((max(rates) / min(rates) - 1) * 100)} %",
               least=least, most=most, least_p95=p95[least], most_p95=p95[most],
               load=offered(one), run=one.run)  # fmt: skip


def steady_tail(runs: Runs) -> Said | None:
    """One door is steadier than another: its p99 lies nearer to its p50 in every block."""
    one = runs.get(EQUAL)
    found = steadiest(one) if one is not None else None
    if one is None or found is None:
        return None
    least, most, low, high = found
    return say("pattern steady", least=least, most=most, low=low, high=high, run=one.run)


def acknowledgement(runs: Runs) -> Said | None:
    """The largest part of a producer's time is Kafka's acknowledgement, at every door."""
    one = runs.get(EQUAL)
    shares = {
        arm: [each.kafka / each.whole for each in every if each.whole]
        for arm, every in (times(one) if one is not None else {}).items()
    }
    if one is None or not shares or any(min(s, default=0) <= 0.5 for s in shares.values()):
        return None
    seen = ", ".join(f"{arm} {told(middle(s), '%', 100)}" for arm, s in shares.items())
    return say("pattern acknowledgement", seen=seen, run=one.run)


def hop_costs(runs: Runs) -> Said | None:
    """A producer of two processes pays for the way between them, in every block."""
    one = runs.get(EQUAL)
    hops = {
        arm: [each.hop for each in every]
        for arm, every in (times(one) if one is not None else {}).items()
        if any(each.hop for each in every)
    }
    if one is None or not hops:
        return None
    if any(len(h) < LEAST_BLOCKS or min(h) < LEAST_HOP for h in hops.values()):
        return None
    seen = ", ".join(f"{arm} {told(middle(values), 'ms')}" for arm, values in hops.items())
    return say("pattern hop", seen=seen, run=one.run)


def long_tail(runs: Runs) -> Said | None:
    """One request of a hundred takes a multiple of the middle one: in every block of every arm."""
    one = runs.get(EQUAL)
    if one is None:
        return None
    ratios = {
        arm: [high / low for low, high in zip(one.values(arm, "p50"), one.values(arm, "p99"),
                                              strict=False) if low]
        for arm in one.arms
    }  # fmt: skip
    if any(len(r) < LEAST_BLOCKS or min(r) < LEAST_TAIL for r in ratios.values()):
        return None
    seen = ", ".join(f"{arm} {told(middle(values))}" for arm, values in ratios.items())
    return say("pattern tail", seen=seen, run=one.run)


def queue_waits(runs: Runs) -> Said | None:
    """An event waits in the queue for longer than its sender for the answer, in every block."""
    one = runs.get(EQUAL)
    seen = []
    for arm in one.arms if one is not None else ():
        assert one is not None
        phases = [each["phases"][one.phase] for each in one.of(arm)]
        pairs = [((each.get("queue_time") or {}).get("p50"), each.get("p50")) for each in phases]
        known = [(wait, took) for wait, took in pairs if wait is not None and took is not None]
        if len(known) < LEAST_BLOCKS or any(wait <= took for wait, took in known):
            continue
        waits = [wait for wait, _ in known]
        seen.append(f"{arm} {told(middle(waits), 'ms')}")
    return say("pattern wait", seen=", ".join(seen), run=one.run) if one and seen else None


def tail_at_limit(runs: Runs) -> Said | None:
    """More throughput costs latency: at the limit the p95 of every arm is above that below it."""
    equal, limit = runs.get(EQUAL), runs.get(LIMIT)
    if equal is None or limit is None:
        return None
    seen = []
    for arm in (arm for arm in equal.arms if arm in limit.arms):
        below, at = equal.values(arm, "p95"), limit.values(arm, "p95")
        rate = [limit.values(arm, "throughput"), equal.values(arm, "throughput")]
        if not below or not at or not all(rate) or median(at) <= median(below):
            return None
        seen.append(f"{arm} {number(median(rate[0]) / median(rate[1]))} x, "
                    f"p95 {number(median(at) / median(below))} x")  # fmt: skip
    runs_named = f"{equal.run}, {limit.run}"
    return say("pattern limit", seen="; ".join(seen), run=runs_named) if seen else None


def behind_the_queue(runs: Runs) -> Said | None:
    """A fault behind the queue is not seen at the door: success stays, the queue grows."""
    one = runs.get(FAULTS)
    every = prints(one) if one is not None else []
    none = next((each for each in every if each.arm == NONE), None)
    hidden = []
    for each in every:
        signals = moved(each, none) if each.arm != NONE else []
        if "lag" in signals and "success" not in signals:
            hidden.append(f"{each.arm} ({number(each.middle('lag'))})")
    return say("pattern hidden", seen=", ".join(hidden), run=one.run) if one and hidden else None


def whole_books(runs: Runs) -> Said | None:
    """No fault lost an accepted event, nor counted one twice."""
    one = runs.get(FAULTS)
    every = [each for each in prints(one) if each.arm != NONE] if one is not None else []
    if (
        one is None
        or len(every) < LEAST_BLOCKS
        or any(each.lost != 0 or each.doubled != 0 for each in every)
    ):
        return None
    return say("pattern books", faults=", ".join(each.arm for each in every), run=one.run)


def kill_is_short(runs: Runs) -> Said | None:
    """What restarts by itself is over sooner than what stays away: kill against failure."""
    one = runs.get(FAULTS)
    back = {each.arm: each.back for each in prints(one)} if one is not None else {}
    kill, failure = back.get("pod-kill", []), back.get("pod-failure", [])
    if one is None or not kill or not failure or max(kill) >= min(failure):
        return None
    return say("pattern kill", kill=median(kill), failure=median(failure), run=one.run)


def drifts(runs: Runs) -> Said | None:
    """The machine or the stack changed in the course of a comparison."""
    for one in runs.values():
        for each in one.result.get("comparisons", ()):
            if each.get("drift"):
                return say("pattern drift", measure=say(f"measure {each['measure']}"),
                           said=_drift(each["drift"]), run=one.run)  # fmt: skip
    return None


def _drift(text: str) -> Said:
    spanish = text.replace("values rose by about", "los valores subieron cerca de").replace(
        "values fell by about", "los valores bajaron cerca de"
    )
    return Said(spanish.replace("during the comparison", "durante la comparación"), text)


PATTERNS: tuple[Look, ...] = (
    faulty_share, errors_are_quick, same_volume, steady_tail, long_tail, acknowledgement, hop_costs,
    queue_waits, tail_at_limit, behind_the_queue, whole_books, kill_is_short, drifts,
)  # fmt: skip


def patterns(runs: Runs) -> list[Piece]:
    """All that are there."""
    found = [said for look in PATTERNS if (said := look(runs)) is not None]
    if len(found) >= WANTED:
        return list(found)
    return [*found, say("patterns few", found=str(len(found)), wanted=str(WANTED))]
