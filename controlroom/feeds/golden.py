"""Golden metrics from Prometheus: success, rate and latency per deployment."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import AskAddress
from controlroom.model.golden import GoldenMetrics, GoldenRow, parse
from controlroom.model.queries import ROWS, STAT, TrafficRow, golden_query, history_queries
from controlroom.targets.prometheus import series
from scenarios.scenario import Scenario
from wire.plain_http import http_client

if TYPE_CHECKING:
    import httpx

Curves = dict[str, list[tuple[float, float | None]]]


CHATTER = 2.0
"""Successful requests/s below which a row shows no traffic: a consumer alone asks its store about
once a second whether all is as it was."""


def rows_of(scenario: Scenario) -> tuple[TrafficRow, ...]:
    """What is shown of a scenario: the product's own services, then those of the scenario."""
    own = (TrafficRow(each.deployment, each.direction) for each in scenario.traffic)
    return (*ROWS, *own)


class GoldenSource:
    """All rows by one request. No traffic in the window is None, never zero."""

    name = "golden"
    period = 1.0
    calm_period = 2.0
    timeout = 4.0
    needs: tuple[str, ...] = ("httpx",)

    def __init__(
        self,
        where: AskAddress,
        namespace: AskAddress,
        window: int = 30,
        rows: Sequence[TrafficRow] = ROWS,
    ) -> None:
        self._where = where
        self._rows = rows
        self._window = window
        self._namespace = namespace
        self._query = ""
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Finds Prometheus and keeps one connection to it."""
        self._query = golden_query(await self._namespace(), self._window, self._rows)
        self._client = http_client(await self._where())

    async def read(self) -> GoldenMetrics:
        """One round of all queries."""
        assert self._client is not None
        found = await series(self._client, self._query, STAT, "direction")
        return parse(found, self._window, self._rows)

    @staticmethod
    def same(before: GoldenMetrics, now: GoldenMetrics) -> bool:
        """Whether the row shows traffic. What a service asks its stores unasked counts as none."""
        return _traffic(before) == _traffic(now)

    async def close(self) -> None:
        """Closes the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _traffic(golden: GoldenMetrics) -> tuple[object, ...]:
    return tuple((row.deployment, row.direction) if _chatter(row) else row for row in golden.rows)


def _chatter(row: GoldenRow) -> bool:
    by_itself = row.direction == "outbound" and row.success == 1
    return row.rps is None or (by_itself and row.rps <= CHATTER)


async def history(
    url: str,
    namespace: str,
    seconds: int,
    step: int,
    window: int = 30,
    rows: Sequence[TrafficRow] = ROWS,
) -> Curves:
    """Points of the curves rps, success and p95 over the last `seconds`, one every `step`.

    The client is synchronous, so it works in a thread.
    """
    queries = history_queries(namespace, window, rows)
    return await asyncio.to_thread(_history, url, queries, seconds, step)


def _history(url: str, queries: Mapping[str, str], seconds: int, step: int) -> Curves:
    from prometheus_api_client import PrometheusConnect

    client = PrometheusConnect(url=url)
    end = time.time()
    curves: Curves = {}
    for name, query in queries.items():
        start = datetime.fromtimestamp(end - seconds)
        answer = client.custom_query_range(
            query, start, datetime.fromtimestamp(end), str(step), timeout=10
        )
        curves[name] = [
            (float(at), _number(figure)) for one in answer for at, figure in one["values"]
        ]
    return curves


def _number(text: str) -> float | None:
    figure = float(text)
    return None if math.isnan(figure) else figure
