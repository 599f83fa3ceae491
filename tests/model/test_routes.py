"""Golden metrics by route and by neighbour."""

from __future__ import annotations

from controlroom.model.queries import routes_query
from controlroom.model.routes import RouteRow, parse


def series(stat: str, value: str, peer: str = "redis", **labels: str) -> dict[str, object]:
    metric = {"stat": stat, "deployment": "consumer", "direction": "outbound", "peer": peer}
    return {"metric": metric | labels, "value": [1.0, value]}


def test_each_neighbour_has_a_row_and_what_had_no_traffic_has_none() -> None:
    answer = [
        series("responses", "27", classification="success"),
        series("responses", "3", classification="failure"),
        series("p50", "1.5"),
        series("p99", "NaN"),
        series("responses", "0", peer="mongo", classification="success"),
        series("responses", "30", peer="", classification="success"),
        series("responses", "60", "/input", direction="inbound", classification="success"),
    ]
    assert parse(answer, 30.0).rows == (
        RouteRow("consumer", "inbound", "/input", 1.0, 2.0, None, None, None),
        RouteRow("consumer", "outbound", "redis", 0.9, 1.0, 1.5, None, None),
    )


def test_the_query_asks_by_route_for_what_comes_in_and_by_neighbour_for_what_goes_out() -> None:
    query = routes_query("shop", 30)
    assert query.count(" or ") == 7
    assert 'direction="inbound", target_port!="4191"' in query
    assert "by (le, deployment, dst_deployment)" in query
    assert "by (deployment, route_name, classification)" in query
