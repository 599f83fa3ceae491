"""How Kafka works here and whether it is slow: acknowledgement, queue time, lag, drain."""

from __future__ import annotations

from controlroom.answers.doors import EQUAL, LIMIT, Runs, offered, queue_time
from controlroom.answers.evidence import Evidence
from controlroom.answers.faults import FAULTS, prints
from controlroom.answers.figures import curves, middle, told
from controlroom.answers.producers import splits
from controlroom.answers.saying import Piece, Said, Value, picture, say

ARM = "kafka"
"""The arm that goes through Kafka where others do not."""


def works(runs: Runs) -> list[Piece]:
    """What happened to the events on their way, as counted."""
    one = runs.get(EQUAL)
    if one is None:
        return [say("not run", experiment=EQUAL)]
    good = sum(phase["good"] for block in one.blocks for phase in block["phases"].values())
    pieces: list[Piece] = [
        say("kafka way", good=good, lost=one.result.get("lost"),
            doubled=one.result.get("doubled"), run=one.run)
    ]  # fmt: skip
    calls = events = 0.0
    for line in one.hops:
        if line["phase"] == one.phase:
            calls += sum(h["calls"] for h in line["hops"]
                         if h["deployment"] == "consumer" and h["to"] == "mongo")  # fmt: skip
            events += sum(b["phases"][one.phase]["good"] for b in one.blocks
                          if b["place"] == line["block"])  # fmt: skip
    if calls:
        pieces.append(say("kafka batches", each=events / calls, run=one.run))
    return pieces


def slow(runs: Runs) -> list[Piece]:
    """Queue time and lag below the limit and at it, Kafka's share of a request, the drain."""
    pieces: list[Piece] = []
    for name in (EQUAL, LIMIT):
        if (one := runs.get(name)) is None:
            pieces.append(say("not run", experiment=name))
            continue
        for arm in _through_kafka(one):
            pieces += _waits(one, arm)
    if (one := runs.get(EQUAL)) is not None:
        pieces += _share(one)
    pieces += _drain(runs)
    if (one := runs.get(LIMIT)) is not None:
        pieces += picture("picture lag", "", curves(one, "lag"))
    return pieces


def _through_kafka(one: Evidence) -> list[str]:
    return [ARM] if ARM in one.arms else one.arms


def _waits(one: Evidence, arm: str) -> list[Piece]:
    p50, p95 = queue_time(one, arm, "p50"), queue_time(one, arm)
    lag = middle(one.values(arm, "lag_peak"))
    rate = middle(one.values(arm, "throughput"))
    facts: dict[str, Value | Said] = {
        "arm": arm,
        "load": offered(one),
        "run": one.run,
        "rate": told(rate, "/s"),
    }
    if p95 is None:
        return [say("queue time unknown", lag=told(lag), **facts)]
    kept = lag is not None and rate is not None and lag.value <= rate.value
    key = "queue time kept up" if kept else "queue time behind"
    return [say(key, p50=told(p50, "ms"), p95=told(p95, "ms"), lag=told(lag), **facts)]


def _share(one: Evidence) -> list[Piece]:
    pieces: list[Piece] = []
    for arm, parts in splits(one).items():
        if arm not in _through_kafka(one):
            continue
        share = middle([each.kafka / each.whole for each in parts if each.whole])
        if share is None:
            continue
        key = "kafka most" if (share.low or share.value) > 0.5 else "kafka part"
        pieces.append(say(key, arm=arm, share=told(share, "%", 100), run=one.run,
                          ack=told(middle([each.kafka for each in parts]), "ms")))  # fmt: skip
    return pieces or [say("not measured", what=say("part kafka"), run=one.run)]


def _drain(runs: Runs) -> list[Piece]:
    """The longest lag that a fault left, and how long it took to go."""
    one = runs.get(FAULTS)
    if one is None:
        return []
    found = []
    for each in prints(one):
        clocks = [block.get("clocks") or {} for block in one.of(each.arm)]
        drained = middle([clock["lag_drain"] for clock in clocks if clock.get("lag_drain")])
        peak = middle([clock["lag_peak"] for clock in clocks if clock.get("lag_peak")])
        if drained is not None and peak is not None:
            found.append((peak.value, each.arm, peak, drained))
    if not found:
        return [say("drain none", run=one.run)]
    _, arm, peak, drained = max(found)
    return [say("drain", fault=arm, peak=told(peak), drain=told(drained, "s"), run=one.run)]
