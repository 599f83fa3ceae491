"""The text of the queries, to the letter, and what their answers mean."""

from __future__ import annotations

import re

import httpx
import pytest

from controlroom.feeds.golden import GoldenSource, history, rows_of
from controlroom.model.board import STALE_LEAST, STALE_PERIODS
from controlroom.model.golden import GoldenMetrics, GoldenRow, parse
from controlroom.model.queries import ROWS as ALL
from controlroom.model.queries import (
    TrafficRow,
    counters_query,
    golden_query,
    history_queries,
)
from host.project import PROJECT
from scenarios.loading import load
from tests.conftest import Engines

IN = (
    'namespace="bands", direction="inbound", deployment=~"producer-http|reader",'
    ' target_port!="4191", route_name!="probe"'
)
ROWS = (TrafficRow("producer-http", "inbound"), TrafficRow("reader", "inbound"))


def latency(quantile: str) -> str:
    return (
        f"histogram_quantile({quantile}, sum(rate(response_latency_ms_bucket{{{IN}}}[30s]))"
        " by (le, deployment))"
    )


def named(query: str, stat: str) -> str:
    labelled = f'label_replace({query}, "stat", "{stat}", "", "")'
    return f'label_replace({labelled}, "direction", "inbound", "", "")'


def test_all_figures_are_one_request() -> None:
    responses = f"sum(increase(response_total{{{IN}}}[30s])) by (deployment, classification)"
    assert golden_query("bands", 30, ROWS) == " or ".join(
        [
            named(responses, "responses"),
            named(latency("0.5"), "p50"),
            named(latency("0.95"), "p95"),
            named(latency("0.99"), "p99"),
        ]
    )


def test_counters_are_asked_for_as_they_are() -> None:
    assert counters_query("bands", ROWS) == f"response_total{{{IN}}}"


def test_the_consumer_is_seen_by_what_it_sends() -> None:
    whole = golden_query("bands", 10)
    assert 'direction="outbound", deployment=~"consumer"' in whole
    assert 'deployment=~"producer-http|producer-grpc|producer-wasm|reader"' in whole
    assert whole.count(" or ") == 7


def test_the_history_is_asked_for_per_curve() -> None:
    good = f'sum(increase(response_total{{{IN}, classification="success"}}[30s]))'
    assert history_queries("bands", 30, ROWS) == {
        "rps": f"sum(increase(response_total{{{IN}}}[30s])) / 30",
        "success": f"{good} / sum(increase(response_total{{{IN}}}[30s]))",
        "p95": f"max({latency('0.95')})",
    }


def series(
    stat: str, figure: str, deployment: str = "producer-http", **more: str
) -> dict[str, object]:
    metric = {"stat": stat, "direction": "inbound", "deployment": deployment, **more}
    return {"metric": metric, "value": [1700000000, figure]}


def test_no_traffic_is_none_and_never_zero() -> None:
    answer = [
        series("responses", "297", classification="success"),
        series("responses", "3", classification="failure"),
        series("p50", "2.5"),
        series("p95", "NaN"),
        series("responses", "0", "reader", classification="success"),
    ]
    busy, idle = parse(answer, 30.0, ROWS).rows
    assert (busy.success, busy.rps, busy.p50, busy.p95) == (0.99, 10.0, 2.5, None)
    assert (idle.success, idle.rps, idle.p50) == (None, None, None)


def test_services_of_a_scenario_stand_behind_those_of_the_product() -> None:
    rows = rows_of(load("covid"))
    assert rows[: len(ALL)] == ALL
    assert TrafficRow("grpc-client", "inbound") in rows[len(ALL) :]
    assert "grpc-client" in history_queries("covid", 30, rows)["rps"]
    assert 'deployment=~"consumer|subscribers|' in golden_query("covid", 30, rows)


async def test_a_real_prometheus_understands_every_query(engines: Engines) -> None:
    async def where() -> str:
        return engines.prometheus

    async def namespace() -> str:
        return "nothing-is-called-so"

    source = GoldenSource(where, namespace)
    await source.open()
    golden = await source.read()
    await source.close()
    assert [row.deployment for row in golden.rows] == [
        "producer-http",
        "producer-grpc",
        "producer-wasm",
        "consumer",
        "reader",
    ]
    assert {row.rps for row in golden.rows} == {None}
    curves = await history(engines.prometheus, "nothing-is-called-so", 60, 1)
    assert curves == {"rps": [], "success": [], "p95": []}


async def test_prometheus_says_what_is_wrong_with_a_bad_query(engines: Engines) -> None:
    async with httpx.AsyncClient(base_url=engines.prometheus) as client:
        answer = await client.post("/api/v1/query", data={"query": golden_query('"', 30)})
    with pytest.raises(httpx.HTTPStatusError):
        answer.raise_for_status()


def told(
    rps: float | None, success: float | None = 1.0, direction: str = "outbound"
) -> GoldenMetrics:
    """One row; its latencies are never the same twice."""
    return GoldenMetrics((GoldenRow("consumer", direction, success, rps, rps, rps, rps),), 30)


def test_what_a_service_asks_by_itself_is_no_change_of_the_traffic() -> None:
    same = GoldenSource.same
    assert same(told(1.0), told(1.2))
    assert same(told(1.0), told(None, None))
    assert not same(told(1.0), told(50.0))
    assert not same(told(1.0), told(1.0, success=0.5))
    assert not same(told(1.0, direction="inbound"), told(1.2, direction="inbound"))


def test_figures_that_are_asked_less_often_in_a_calm_never_count_as_stale() -> None:
    assert GoldenSource.calm_period * 2 <= max(STALE_PERIODS * GoldenSource.period, STALE_LEAST)


QUERY = re.compile(
    r"(_total|_bucket|_sum|_count|_seconds)\s*\{|\b(rate|increase)\(\w*[{_]|sum by \("
)


def test_a_query_stands_in_its_one_place() -> None:
    rooms = (PROJECT / "controlroom").rglob("*.py")
    found = {str(one.relative_to(PROJECT)) for one in rooms if QUERY.search(one.read_text())}
    assert found == {"controlroom/model/queries.py"}
