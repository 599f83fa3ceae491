"""The PromQL of the room: named templates in the shape of `linkerd viz stat`.

Probes and the admin port are left out, because they would pad rate and success. Latencies use
`rate` over the whole window: an `irate` would cover the last two scrapes only, not the window
that the panel names. Latency buckets are milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STAT = "stat"
"""Label that says which part of the one request a series belongs to."""

RESPONSES = "sum(increase(response_total{{{selector}}}[{window}])) by (deployment, classification)"
LATENCY = (
    "histogram_quantile({quantile}, sum(rate(response_latency_ms_bucket{{{selector}}}[{window}]))"
    " by (le, deployment))"
)
QUANTILES = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}

TOTAL_RATE = "sum(increase(response_total{{{selector}}}[{window}])) / {seconds}"
SUCCESS_SHARE = (
    'sum(increase(response_total{{{selector}, classification="success"}}[{window}]))'
    " / sum(increase(response_total{{{selector}}}[{window}]))"
)
SLOWEST = "max({latency})"


@dataclass(frozen=True, slots=True)
class TrafficRow:
    """One line of the traffic panel."""

    deployment: str
    direction: str


ROWS = (
    TrafficRow("producer-http", "inbound"),
    TrafficRow("producer-grpc", "inbound"),
    TrafficRow("producer-wasm", "inbound"),
    TrafficRow("consumer", "outbound"),
    TrafficRow("reader", "inbound"),
)


def selector(namespace: str, direction: str, deployments: Sequence[str]) -> str:
    """Label matchers of the traffic of some deployments in one direction."""
    return (
        f'namespace="{namespace}", direction="{direction}",'
        f' deployment=~"{"|".join(deployments)}", target_port!="4191", route_name!="probe"'
    )


def golden_query(namespace: str, window: int, rows: Sequence[TrafficRow] = ROWS) -> str:
    """One request for everything: the labels `stat` and `direction` say which part is which."""
    parts = []
    for direction in sorted({row.direction for row in rows}):
        names = [row.deployment for row in rows if row.direction == direction]
        chosen = selector(namespace, direction, names)
        queries = {"responses": RESPONSES.format(selector=chosen, window=f"{window}s")}
        for name, quantile in QUANTILES.items():
            queries[name] = LATENCY.format(quantile=quantile, selector=chosen, window=f"{window}s")
        parts += [_named(query, stat, direction) for stat, query in queries.items()]
    return " or ".join(parts)


def counters_query(namespace: str, rows: Sequence[TrafficRow]) -> str:
    """The counters of answers as they are, by series, of rows of one direction."""
    (direction,) = {row.direction for row in rows}
    chosen = selector(namespace, direction, [row.deployment for row in rows])
    return f"response_total{{{chosen}}}"


def history_queries(
    namespace: str, window: int, rows: Sequence[TrafficRow] = ROWS
) -> dict[str, str]:
    """Curve name -> query over what comes in, for the curves of the time panel."""
    names = [row.deployment for row in rows if row.direction == "inbound"]
    chosen = selector(namespace, "inbound", names)
    span = f"{window}s"
    latency = LATENCY.format(quantile=QUANTILES["p95"], selector=chosen, window=span)
    return {
        "rps": TOTAL_RATE.format(selector=chosen, window=span, seconds=window),
        "success": SUCCESS_SHARE.format(selector=chosen, window=span),
        "p95": SLOWEST.format(latency=latency),
    }


_ROUTE = (
    "sum by (deployment, direction, dst_deployment, authority, route_name{more})"
    " (increase({series}{{{selector}}}[{window}]))"
)


def route_queries(namespace: str, window: int) -> tuple[str, str]:
    """Latency buckets, and responses, of every route of every deployment."""
    chosen = f'namespace="{namespace}", target_port!="4191", route_name!="probe"'
    wanted = (("response_latency_ms_bucket", ", le"), ("response_total", ", classification"))
    buckets, responses = (
        _ROUTE.format(series=series, more=more, selector=chosen, window=f"{window}s")
        for series, more in wanted
    )
    return buckets, responses


_CPU = (
    "max(rate(process_cpu_seconds_total{{"
    'namespace="{namespace}",deployment=~"{deployment}"}}[{w}]))'
)
_WAIT = (
    "{over}(sum by (pod) (rate(controlroom_busy_seconds_total{{"
    'namespace="{namespace}",deployment=~"{deployment}",dst_deployment="{to}"}}[{w}])))'
)
_HANDLED = 'sum(rate(controlroom_handled_total{{namespace="{namespace}",outcome="counted"}}[{w}]))'


def busy_query(namespace: str, window: int) -> str:
    """One request for how busy each part of the pipeline is; the label `part` says which is which.

    Of several pods the one that waits longest counts. The exception is a consumer that waits
    for Kafka, as one that has nothing to do also does: there the busiest counts.
    """
    producer, consumer, w = "producer.*", "consumer", f"{window}s"

    def cpu(deployment: str) -> str:
        return _CPU.format(namespace=namespace, deployment=deployment, w=w)

    def wait(over: str, deployment: str, to: str) -> str:
        return _WAIT.format(over=over, namespace=namespace, deployment=deployment, to=to, w=w)

    wanted = {
        "producer": cpu(producer),
        "sending": wait("max", producer, "kafka"),
        "fetching": wait("min", consumer, "kafka"),
        "consumer": cpu(consumer),
        "redis": wait("max", consumer, "redis"),
        "documents": wait("max", consumer, "mongo"),
        "handled": _HANDLED.format(namespace=namespace, w=w),
    }
    return _parts(wanted)


def lag_query(group: str, topic: str) -> str:
    """One request for what a Kafka exporter tells; the label `part` says which is which."""
    member = f'{{consumergroup="{group}"}}'
    lag = f'kafka_consumergroup_lag{{consumergroup="{group}", topic="{topic}"}}'
    parts = {
        "lag": f"sum by (partition) ({lag})",
        "end": f'sum by (partition) (kafka_topic_partition_current_offset{{topic="{topic}"}})',
        "members": f"max(kafka_consumergroup_members{member})",
        "age": f"time() - max(timestamp({lag}))",
    }
    return _parts(parts)


def _parts(wanted: Mapping[str, str]) -> str:
    return " or ".join(
        f'label_replace({q}, "part", "{part}", "", "")' for part, q in wanted.items()
    )


GATEWAYS = _parts(
    {
        "alive": "max by (target_cluster_name) (gateway_alive)",
        "p95": "histogram_quantile(0.95, sum by (le, target_cluster_name)"
        " (rate(gateway_probe_latency_ms_bucket[1m])))",
    }
)
"""The metrics of the service mirror (linkerd2, multicluster/service-mirror/metrics.go)."""

HOP = ("deployment", "direction", "dst_deployment", "target_port")
"""Labels by which a hop of a request is known."""
_BY = ", ".join(HOP)
_OF = 'namespace="{namespace}", target_port!="4191", route_name!="probe"}}[{seconds}s]'
_HOPS = {
    "calls": f"sum by ({_BY}) (increase(response_total{{{{{_OF}))",
    "failed": f'sum by ({_BY}) (increase(response_total{{{{classification="failure", {_OF}))',
    "sum": f"sum by ({_BY}) (rate(response_latency_ms_sum{{{{{_OF}))",
    "count": f"sum by ({_BY}) (rate(response_latency_ms_count{{{{{_OF}))",
    "p95": f"histogram_quantile(0.95, sum by (le, {_BY}) "
    f"(rate(response_latency_ms_bucket{{{{{_OF})))",
}


def hop_queries(namespace: str, seconds: int) -> dict[str, str]:
    """Figure -> query for it over these seconds, a series for each hop of a request."""
    return {
        name: query.format(namespace=namespace, seconds=seconds) for name, query in _HOPS.items()
    }


def _named(query: str, stat: str, direction: str) -> str:
    labelled = f'label_replace({query}, "{STAT}", "{stat}", "", "")'
    return f'label_replace({labelled}, "direction", "{direction}", "", "")'
