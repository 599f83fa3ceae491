"""Where the time of a request goes: calls, mean and p95 of each hop, asked of Prometheus after a
run for each of its phases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controlroom.experiments.format import Experiment
from controlroom.model.queries import HOP, hop_queries
from controlroom.runs.folder import RunFolder
from controlroom.targets.abilities import Located, TargetError
from controlroom.targets.prometheus import series
from wire.plain_http import http_client

FILE = "hops.jsonl"
PATIENCE = 5.0


def edges(experiment: Experiment, notes: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """`block`, `arm`, `phase`, `since`, `until` (s since 1970) of the phases in a journal."""
    for one in notes:
        seconds = experiment.phases.seconds.get(str(one.get("phase")), 0.0)
        if one.get("event") == "phase" and one["phase"] != "warm_up" and seconds:
            named = {name: one[name] for name in ("block", "arm", "phase")}
            yield {**named, "since": one["at"], "until": one["at"] + seconds}


async def keep_hops(folder: RunFolder, target: Located) -> bool:
    """Writes `hops.jsonl` into the run's folder, a line a phase; False where Prometheus said
    nothing. A line has `hops`: each `deployment`, `direction`, `to`, `port`, `calls`, `failed`,
    `mean` and `p95` in ms."""
    import httpx

    spec: Any = folder.read_spec()
    try:
        info, endpoints = await target.info(), await target.endpoints()
        client = http_client(endpoints.address("prometheus"), PATIENCE)
        lines = []
        async with client:
            for one in edges(spec.experiment, folder.journal.entries()):
                lines.append({**one, "hops": await _hops(client, info.details, one)})
    except (httpx.HTTPError, TargetError, OSError, KeyError, ValueError):
        return False
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder.path / FILE).write_text(text, encoding="utf-8")
    return True


async def _hops(client: Any, details: Mapping[str, str], edge: Mapping[str, Any]) -> list[Any]:
    seconds = max(2, round(edge["until"] - edge["since"]))
    namespace = details.get("namespace", "default")
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for name, asked in hop_queries(namespace, seconds).items():
        # what was counted in the last second of the phase is scraped in the next one
        for row in await series(client, asked, time=str(edge["until"] + 0.5)):
            key = tuple(row["metric"].get(label, "") for label in HOP)
            value = float(row["value"][1])
            if value == value:
                found.setdefault(key, {})[name] = value
    return [_told(key, values) for key, values in sorted(found.items()) if values.get("calls")]


def _told(key: tuple[str, ...], values: Mapping[str, float]) -> dict[str, Any]:
    deployment, direction, to, port = key
    count = values.get("count", 0.0)
    return {
        "deployment": deployment, "direction": direction, "to": to, "port": port,
        "calls": round(values["calls"], 1), "failed": round(values.get("failed", 0.0), 1),
        "mean": round(values.get("sum", 0.0) / count, 3) if count else None,
        "p95": round(values["p95"], 2) if "p95" in values else None,
    }  # fmt: skip
