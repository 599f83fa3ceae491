"""Request counters and latencies in the shape of Linkerd's proxy.

Names, labels and buckets are those of the proxy's `request_total`, `response_total` and
`response_latency_ms`, so the same PromQL serves a mesh and a stack without one. The labels
`namespace`, `deployment` and `pod` are added by the scrape. Counting is on the hot path,
hence plain lists that are turned into metrics at the scrape only.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import add

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BUCKETS_MS = tuple(
    step * scale for scale in (1, 10, 100, 1_000, 10_000) for step in (1, 2, 3, 4, 5)
)
"""Upper bounds of the latency histogram, milliseconds (linkerd2-proxy, metrics/src/latency.rs)."""

BEFOREHAND = (200, 201, 500, 503)
"""Statuses whose counters are there, at 0, before the first answer: no rate knows the first value
of a counter that appears, so failures that all come between two scrapes would show as none."""

_LABELS = (
    "direction",
    "authority",
    "target_addr",
    "target_port",
    "tls",
    "srv_kind",
    "srv_name",
    "route_kind",
    "route_name",
    "dst_deployment",
)


@dataclass(slots=True)
class _Answers:
    """The answers of one status: counts per bucket (the last is `+Inf`) and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_MS) + 1))
    total_ms: float = 0.0


@dataclass(slots=True)
class Call:
    """The outcome of one request, to be set before its `with` block ends."""

    status: int = 200
    grpc_status: str = ""


class Traffic:
    """The requests of one direction to one address."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = tuple(labels.get(name, "") for name in _LABELS)
        self.requests = 0
        self.answers: dict[tuple[int, str], _Answers] = {}
        """By HTTP status and gRPC status."""

    def begin(self) -> float:
        """Count a request that has arrived (or was sent) and return its start for `end`."""
        self.requests += 1
        return time.perf_counter()

    def end(self, started: float, status: int = 200, grpc_status: str = "") -> None:
        """Count the answer: HTTP status, and for gRPC the status code as a number in text."""
        spent_ms = (time.perf_counter() - started) * 1000.0
        answers = self.answers.get((status, grpc_status))
        if answers is None:
            answers = self.answers[status, grpc_status] = _Answers()
        answers.counts[bisect_left(BUCKETS_MS, spent_ms)] += 1
        answers.total_ms += spent_ms

    @property
    def answered(self) -> int:
        """Answers of all kinds."""
        return sum(sum(each.counts) for each in list(self.answers.values()))

    def responses(self) -> dict[tuple[int, str], int]:
        """Answers by HTTP status and gRPC status, those of `BEFOREHAND` also before they come."""
        found = {(status, ""): 0 for status in BEFOREHAND}
        return found | {key: sum(each.counts) for key, each in list(self.answers.items())}

    def latencies(self) -> dict[int, _Answers]:
        """All answers by HTTP status alone."""
        merged: dict[int, _Answers] = {}
        for (status, _), answers in list(self.answers.items()):
            whole = merged.setdefault(status, _Answers())
            whole.counts = list(map(add, whole.counts, answers.counts))
            whole.total_ms += answers.total_ms
        return merged

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Count one request and its outcome; an exception that leaves the block is a 500."""
        call = Call()
        started = self.begin()
        try:
            yield call
        except BaseException:
            call.status = 500 if call.status < 500 else call.status
            raise
        finally:
            self.end(started, call.status, call.grpc_status)


def classify(status: int, grpc_status: str) -> str:
    """`success` or `failure` as the proxy says it: 5xx fail, and a gRPC status that is the
    server's fault."""
    if grpc_status:
        return "failure" if grpc_status in _GRPC_FAILURES else "success"
    return "failure" if status >= 500 else "success"


# unknown, deadline exceeded, permission denied, resource exhausted, unimplemented, internal,
# unavailable, data loss: linkerd2-proxy app/core/src/classify.rs
_GRPC_FAILURES = frozenset(("2", "4", "7", "8", "12", "13", "14", "15"))


class Golden(Collector):
    """All traffic of a process as Prometheus metrics."""

    def __init__(self) -> None:
        self._traffic: dict[tuple[str, ...], Traffic] = {}
        self._counted: list[tuple[int, int]] = []
        self._text = b""

    def traffic(self, labels: Mapping[str, str]) -> Traffic:
        """The traffic with these labels, one object per set of labels."""
        made = Traffic(labels)
        return self._traffic.setdefault(made.labels, made)

    def text(self) -> bytes:
        """All metrics as Prometheus reads them. Written anew only when there was traffic: to write
        them is nearly all that a service does while nobody asks it anything."""
        counted = [(one.requests, one.answered) for one in list(self._traffic.values())]
        if counted != self._counted:
            # the counters first: what comes while it is written is told by the next scrape
            self._counted = counted
            self._text = generate_latest(self)
        return self._text

    def collect(self) -> Iterable[Metric]:
        """Metrics for one scrape."""
        requests = CounterMetricFamily("request", "Requests.", labels=_LABELS)
        responses = CounterMetricFamily(
            "response",
            "Responses.",
            labels=(*_LABELS, "status_code", "classification", "grpc_status_code"),
        )
        latencies = HistogramMetricFamily(
            "response_latency_ms", "Time to answer in ms.", labels=(*_LABELS, "status_code")
        )
        for traffic in list(self._traffic.values()):
            requests.add_metric(traffic.labels, traffic.requests)
            for (status, grpc), count in traffic.responses().items():
                labels = (*traffic.labels, str(status), classify(status, grpc), grpc)
                responses.add_metric(labels, count)
            for status, answers in traffic.latencies().items():
                latencies.add_metric(
                    (*traffic.labels, str(status)), _cumulated(answers), answers.total_ms
                )
        return requests, responses, latencies


def _cumulated(answers: _Answers) -> list[tuple[str, float]]:
    seen = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*map(str, BUCKETS_MS), "+Inf"), answers.counts, strict=True):
        seen += count
        buckets.append((bound, seen))
    return buckets


_GOLDEN = Golden()


def text() -> bytes:
    """The traffic of this process as Prometheus reads it."""
    return _GOLDEN.text()


def inbound(target_addr: str, route_name: str = "default") -> Traffic:
    """Traffic that this container serves at `target_addr` (`address:port`)."""
    return _GOLDEN.traffic(
        {
            "direction": "inbound",
            "target_addr": target_addr,
            "target_port": target_addr.rpartition(":")[2],
            "tls": "disabled",
            "srv_kind": "default",
            "srv_name": "all-unauthenticated",
            "route_kind": "default",
            "route_name": route_name,
        }
    )


def outbound(dst_deployment: str, target_addr: str) -> Traffic:
    """Traffic that this container sends to `dst_deployment` at `target_addr`."""
    return _GOLDEN.traffic(
        {
            "direction": "outbound",
            "authority": target_addr,
            "target_addr": target_addr,
            "target_port": target_addr.rpartition(":")[2],
            "tls": "disabled",
            "dst_deployment": dst_deployment,
        }
    )
