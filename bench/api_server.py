"""What an API server has been asked and what it has used, by its own metrics."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.own_lab import OwnLab

REQUESTS = "apiserver_request_total"
OPEN = "apiserver_longrunning_requests"
CPU = "process_cpu_seconds_total"

Asked = tuple[str, str]
"""Verb and resource, such as `LIST pods`; a subresource behind a slash."""


@dataclass(frozen=True)
class Reading:
    """The counters at one moment."""

    at: float
    """Seconds by the monotonic clock."""
    requests: Counter[Asked]
    """Those that were answered; a watch counts when it ends."""
    watches: Counter[Asked]
    """Those that are open now."""
    cpu: float
    """Seconds of a core, ever."""


def read(lab: OwnLab, context: str) -> Reading:
    """The counters now. Asking costs the server one request of its own."""
    text = lab.kubectl(context, "get", "--raw", "/metrics")
    return parsed(text, time.monotonic())


def parsed(text: str, at: float) -> Reading:
    """The counters in the answer of `/metrics`."""
    wanted = (REQUESTS, OPEN, CPU)
    lines = [line for line in text.splitlines() if line.startswith(wanted)]
    requests: Counter[Asked] = Counter()
    watches: Counter[Asked] = Counter()
    cpu = 0.0
    for family in text_string_to_metric_families("\n".join([*lines, ""])):
        for sample in family.samples:
            labels = sample.labels
            if sample.name == CPU:
                cpu += sample.value
                continue
            inner = labels.get("subresource", "")
            resource = labels.get("resource") or "(no resource)"
            asked = (labels["verb"], f"{resource}/{inner}" if inner else resource)
            into = requests if sample.name == REQUESTS else watches
            into[asked] += int(sample.value)
    return Reading(at, requests, watches, cpu)


def rates(before: Reading, after: Reading) -> dict[Asked, float]:
    """Requests/s between two readings, of those that were asked at all."""
    seconds = after.at - before.at
    new = after.requests - before.requests
    return {asked: count / seconds for asked, count in new.items()}


def cores(before: Reading, after: Reading) -> float:
    """Cores that the server used between two readings."""
    return (after.cpu - before.cpu) / (after.at - before.at)
