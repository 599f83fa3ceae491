"""Evidence as a run leaves it: blocks with figures that a test chooses, and the real verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from controlroom.answers.evidence import Evidence, read_evidence
from controlroom.experiments.format import read
from controlroom.experiments.results import summary

ROOT = Path(__file__).resolve().parents[2]
Made = Mapping[str, Any]
Blocks = Callable[[str, int], Made]
"""(Arm, round) -> figures of that block."""


def phase(name: str, **figures: Any) -> dict[str, Any]:
    """One phase of a block."""
    usual = {"seconds": 5.0, "good": 500, "bad": 0, "success": 1.0, "throughput": 100.0,
             "p50": 5.0, "p95": 20.0, "p99": 40.0, "p999": 50.0, "lag_peak": 10,
             "golden": {}}  # fmt: skip
    return {**usual, "phase": name, **figures}


def hop(deployment: str, direction: str, to: str, port: str, mean: float) -> dict[str, Any]:
    """One line of a phase's hops."""
    return {"deployment": deployment, "direction": direction, "to": to, "port": port,
            "calls": 500.0, "failed": 0.0, "mean": mean, "p95": mean * 2}  # fmt: skip


def sample(block: int, arm: str, at: float, name: str, **figures: Any) -> dict[str, Any]:
    """One second of a block."""
    usual = {"good": 100, "bad": 0, "p50": 5.0, "p95": 20.0, "p99": 40.0, "lag": 10, "missing": 0,
             "lost": 0, "doubled": 0}  # fmt: skip
    return {**usual, "block": block, "arm": arm, "at": at, "phase": name, **figures}


def keep(
    folder: Path,
    scenario: str,
    name: str,
    blocks: Blocks,
    rounds: int = 6,
    samples: Callable[[str, int], Sequence[Made]] | None = None,
    hops: Callable[[str, int], Sequence[Made]] | None = None,
) -> Evidence:
    """Writes the folder of a shipped experiment's run, and reads it."""
    plan = yaml.safe_load((ROOT / f"scenarios/{scenario}/experiments/{name}.yaml").read_text())
    experiment = read(plan)
    told: list[dict[str, Any]] = []
    arms = [arm.name for arm in experiment.arms]
    for turn in range(rounds):
        # an arm comes first in one round and last in the next
        for arm in arms if turn % 2 else arms[::-1]:
            usual = {"place": len(told), "arm": arm, "clocks": None, "lost": 0, "doubled": 0,
                     "restarts": 0, "lost_good": 0, "detect": None, "damage": None,
                     "whole": True}  # fmt: skip
            told.append({**usual, **blocks(arm, turn)})
    run = folder / f"r-{name}"
    run.mkdir(parents=True)
    machine = {"system": "Linux 6 x86_64", "cores": 2, "memory": 1 << 34, "load": [0.5, 0.5, 0.5]}
    spec = {"splits": {arm.split: {"manifest": _manifest(scenario, arm.split)}
                       for arm in experiment.arms if arm.split}}  # fmt: skip
    result = {**summary(experiment, told, 7), "planned": len(told)}
    _write(run / "spec.json", [spec])
    _write(run / "plan.json", [{"experiment": name, "plan": plan, "machine": machine,
                                "versions": {"controlroom": "0"}}])  # fmt: skip
    _write(run / "result.json", [result])
    _write(run / "blocks.jsonl", told)
    lines = [
        line for one in told for line in (samples(one["arm"], one["place"]) if samples else ())
    ]
    _write(run / "samples.jsonl", lines)
    _write(run / "hops.jsonl", [
        {"block": one["place"], "arm": one["arm"], "phase": "baseline",
         "hops": hops(one["arm"], one["place"])}
        for one in told if hops
    ])  # fmt: skip
    found = read_evidence(run)
    assert found is not None
    return found


def _manifest(scenario: str, split: str) -> Any:
    return yaml.safe_load((ROOT / f"scenarios/{scenario}/splits/{split}.yaml").read_text())


def _write(path: Path, lines: Sequence[Made]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


LEVELS = {"http": 5.0, "grpc": 9.0, "wasm": 6.0, "pubsub": 4.0, "streams": 6.0, "kafka": 12.0}
"""p50 of each arm, ms."""


def doors(arm: str, turn: int) -> Made:
    """Six quiet rounds: `pubsub` is the quickest queue, `http` the quickest producer."""
    p50 = LEVELS[arm] * (1 + 0.01 * (turn % 3))
    services = {"consumer": {"cpu": 0.1, "memory": 90.0},
                "kafka": {"cpu": p50 / 20, "memory": 200.0}}  # fmt: skip
    more = {"p50": p50, "p95": 3 * p50, "p99": 5 * p50, "services": services,
            "queue_time": {"p50": 7.0, "p95": 31.0, "p99": 40.0}}  # fmt: skip
    return {"phases": {"baseline": phase("baseline", **more)}}


def limit(arm: str, turn: int) -> Made:
    """At the limit: the same order, and more of everything."""
    rate = 9000 / LEVELS[arm] * (1 + 0.01 * (turn % 3))
    more = {"p50": 30.0, "p95": 90.0, "throughput": rate, "lag_peak": 20_000}
    return {"phases": {"baseline": phase("baseline", **more)}}


def producers(arm: str, _: int) -> list[Made]:
    """Kafka's acknowledgement is most of each; gRPC and WASM have a hop."""
    whole = LEVELS[arm]
    name = f"producer-{arm}"
    made = [hop(name, "inbound", "", "8080", whole), hop(name, "outbound", "kafka", "9092", 3.0)]
    if arm != "http":
        made += [hop(name, "outbound", name, "5001", whole - 0.5),
                 hop(name, "inbound", "", "5001", whole - 2.0)]  # fmt: skip
    return [*made, *stores(arm, 0)]


def stores(_: str, __: int) -> list[Made]:
    """Redis writes in a third of the time."""
    return [hop("consumer", "outbound", "redis", "6379", 2.0),
            hop("consumer", "outbound", "mongo", "27017", 6.0)]  # fmt: skip


def harm(score: float) -> Made:
    """The damage of a block."""
    names = ("lost", "slow", "recovery", "lag", "worst_p95", "unknown", "resolution")
    return {"score": score, "recovered": True, **dict.fromkeys(names, 1.0)}


def fault(arm: str, turn: int) -> Made:
    """`pod-failure` is the worst by far; `network` is seen in the lag alone."""
    score = {"pod-failure": 6.0, "pod-kill": 2.0, "container-kill": 1.0, "network": 0.2}.get(arm)
    back = {"pod-failure": 8.0, "pod-kill": 3.0}.get(arm)
    clocks = {"disturbed": True, "first_error": 0.5, "from_injection": back, "from_removal": 1.0,
              "lag_peak": 900, "lag_drain": 4.0} if score else None  # fmt: skip
    return {
        "phases": {name: phase(name) for name in ("baseline", "fault", "recovery")},
        "clocks": clocks, "restarts": 1 if "kill" in arm else 0,
        "lost_good": 300 if arm == "pod-failure" else 0,
        "damage": harm(score + turn / 100) if score else None,
    }  # fmt: skip


def seconds(arm: str, block: int) -> list[Made]:
    """The seconds of such a block."""
    start = 1000.0 * (block + 1)
    made = [sample(block, arm, start + s, "baseline") for s in range(6)]
    hits: dict[str, dict[str, Any]] = {
        "pod-failure": {"good": 20, "bad": 80, "p95": 900.0},
        "pod-kill": {"good": 70, "bad": 30},
        "network": {"lag": 900},
    }
    hit = hits.get(arm, {})
    made += [sample(block, arm, start + 6 + s, "fault", **hit) for s in range(4)]
    return made + [sample(block, arm, start + 10 + s, "recovery") for s in range(6)]


def split(arm: str, turn: int) -> Made:
    """Success is what the weights say; errors come back at once."""
    seen = {"test-3": 0.667, "test-4": 0.5}.get(arm, 1.0)
    after = phase("fault", success=seen, p50=2.0 if seen < 1 else 5.0)
    return {"phases": {"baseline": phase("baseline", success=1.0), "fault": after}}


def every(folder: Path, scenario: str) -> dict[str, Evidence]:
    """All experiments of a scenario's answer."""
    made = {"doors-equal": keep(folder, scenario, "doors-equal", doors, hops=producers
                                if scenario != "covid" else stores),
            "doors-limit": keep(folder, scenario, "doors-limit", limit)}  # fmt: skip
    if scenario != "bands":
        made["faults"] = keep(folder, scenario, "faults", fault, 4, seconds)
    if scenario == "covid":
        made["splits"] = keep(folder, scenario, "splits", split, 2)
        made["stores"] = keep(folder, scenario, "stores", fault, 2, seconds, stores)
        made["deaths"] = keep(folder, scenario, "deaths", death, 2)
    return made


def death(arm: str, turn: int) -> Made:
    """Pub/Sub loses what nobody reads."""
    return {**fault(arm, turn), "lost": 40 if arm == "pubsub" else 0}
