"""Where the time of a producer goes: the hop to its worker, validation, Kafka's acknowledgement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from controlroom.answers.doors import EQUAL, LIMIT, Runs, apart, best, offered, used, verdicts
from controlroom.answers.evidence import Evidence, Line
from controlroom.answers.figures import Middle, curves, middle, ordered, told
from controlroom.answers.saying import Grid, Piece, Said, joined, picture, say, verdict

PARTS = ("hop", "kafka", "rest")


class Split(NamedTuple):
    """Mean times of a request in a producer, ms."""

    whole: float
    """From its arrival at the producer to its answer."""
    hop: float
    """Between front and worker, both ways; 0 where the producer is one process."""
    kafka: float
    """Until Kafka has acknowledged."""
    rest: float
    """Reading, validation and the answer."""


def split_of(hops: Sequence[Line], deployment: str) -> Split | None:
    """Of one phase; None where a part is not known."""
    mine = [one for one in hops if one["deployment"] == deployment and one["mean"] is not None]
    inner = [one for one in mine if one["direction"] == "outbound" and one["to"] == deployment]
    ports = {one["port"] for one in inner}
    inbound = [one for one in mine if one["direction"] == "inbound"]
    whole = mean([one for one in inbound if one["port"] not in ports])
    worker = mean([one for one in inbound if one["port"] in ports])
    kafka = mean([one for one in mine if one["to"] == "kafka"])
    if whole is None or kafka is None:
        return None
    sent = mean(inner)
    hop = max(0.0, sent - worker) if sent is not None and worker is not None else 0.0
    return Split(whole, hop, kafka, max(0.0, whole - hop - kafka))


def mean(hops: Sequence[Line]) -> float | None:
    """Of all calls together."""
    calls = sum(one["calls"] for one in hops)
    return sum(one["mean"] * one["calls"] for one in hops) / calls if calls else None


def splits(one: Evidence) -> dict[str, list[Split]]:
    """Arm -> of each of its blocks, in the phase that is compared."""
    doors = {each["name"]: each.get("path") or one.load.get("path", "http")
             for each in one.plan["arms"]}  # fmt: skip
    found: dict[str, list[Split]] = {}
    for line in one.hops:
        if line["phase"] != one.phase:
            continue
        made = split_of(line["hops"], f"producer-{doors[line['arm']]}")
        if made is not None:
            found.setdefault(line["arm"], []).append(made)
    return found


def quickest(runs: Runs) -> list[Piece]:
    """Which producer took less time, and in which part of it the others took more."""
    one = runs.get(EQUAL)
    if one is None:
        return [say("not run", experiment=EQUAL)]
    found: list[Piece] = [best(one, "p50", False)]
    found += verdicts(one, "p50")
    found += [_why(one), *_parts(one)]
    if (limit := runs.get(LIMIT)) is not None:
        found.append(best(limit, "throughput", True))
        found += verdicts(limit, "throughput")
    return found + list(picture("picture p95", "ms", curves(one, "p95")))


def _middles(one: Evidence) -> dict[str, dict[str, Middle]]:
    """Arm -> part -> its middle over blocks."""
    return {
        arm: {
            part: made
            for part in Split._fields
            if (made := middle([getattr(each, part) for each in every]))
        }
        for arm, every in splits(one).items()
    }


def _why(one: Evidence) -> Said:
    """In which part the slowest takes most of what it takes more than the quickest."""
    parts, places = _middles(one), ordered(one, "p50")
    told_apart = len(places) > 1 and all(place in parts for place in (places[0], places[-1]))
    if not told_apart or not apart(parts[places[0]]["whole"], parts[places[-1]]["whole"]):
        return say("why unknown", run=one.run)
    first, last = parts[places[0]], parts[places[-1]]
    more = {part: last[part].value - first[part].value for part in PARTS}
    part = max(more, key=lambda name: more[name])
    whole = last["whole"].value - first["whole"].value
    if more[part] <= 0 or whole <= 0:
        return say("why unknown", run=one.run)
    return say("why", first=places[0], last=places[-1], part=say(f"part {part}"),
               more=more[part], whole=whole, run=one.run)  # fmt: skip


def _parts(one: Evidence) -> list[Piece]:
    parts = _middles(one)
    if not parts:
        return [say("not measured", what=say("word parts"), run=one.run)]
    header = [say("word arm"), *(say(f"part {part}") for part in Split._fields)]
    rows = [[arm, *(told(mine.get(part), "ms") for part in Split._fields)]
            for arm, mine in parts.items()]  # fmt: skip
    return [Grid(joined([say("table parts", run=one.run), offered(one)], ", "), header, rows)]


def when_which(runs: Runs) -> list[Piece]:
    """What speaks for gRPC and what for WASM, as far as a verdict tells."""
    pros: dict[str, list[Said]] = {"grpc": [], "wasm": []}
    open_ones: list[Said] = []
    for name, measure in ((EQUAL, "p50"), (EQUAL, "p95"), (LIMIT, "throughput")):
        one = runs.get(name)
        for each in one.comparisons(measure) if one is not None else ():
            if {each["first"], each["second"]} != set(pros):
                continue
            if each["kind"] == "faster":
                up = (each["ratio"] > 1) == (each["better"] == "more")
                pros[each["first" if up else "second"]].append(verdict(each))
            else:
                open_ones.append(verdict(each))
    one = runs.get(EQUAL)
    cpu = {arm: used(one, arm, "cpu") for arm in pros} if one is not None else {}
    said: list[Piece] = [
        say("use", arm=arm, why=joined(why, " ")) if why else say("use unknown", arm=arm)
        for arm, why in pros.items()
    ]
    said += open_ones
    grpc, wasm = cpu.get("grpc"), cpu.get("wasm")
    if grpc and wasm:
        said.append(say("use cpu", grpc=told(grpc), wasm=told(wasm), run=one.run if one else ""))
    return [*said, say("use kind")]


def steadiest(one: Evidence) -> tuple[str, str, float, float] | None:
    """(The arm whose p99 is least above its p50, the one whose is most, both ratios), where the
    difference holds in every round."""
    ratios: dict[str, list[float]] = {}
    for arm in one.arms:
        pairs = zip(one.values(arm, "p50"), one.values(arm, "p99"), strict=False)
        ratios[arm] = [high / low for low, high in pairs if low]
    known = {arm: values for arm, values in ratios.items() if len(values) > 1}
    if len(known) < 2:
        return None
    least = min(known, key=lambda arm: sum(known[arm]) / len(known[arm]))
    most = max(known, key=lambda arm: sum(known[arm]) / len(known[arm]))
    if max(known[least]) >= min(known[most]):
        return None
    return least, most, sum(known[least]) / len(known[least]), sum(known[most]) / len(known[most])
