"""Golden metrics from Prometheus: success, rate and latency per deployment."""

from __future__ import annotations

import asyncio
import math
import time
from datetime import datetime
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import AskAddress
from controlroom.model.golden import GoldenMetrics, GoldenRow, parse
from controlroom.model.queries import golden_query, history_queries
from wire.plain_http import http_client

if TYPE_CHECKING:
    import httpx

Curves = dict[str, list[tuple[float, float | None]]]


CHATTER = 2.0
"""Successful requests/s below which a row shows no traffic: a consumer alone asks its store about
once a second whether all is as it was."""


class GoldenSource:
    """All rows by one request. No traffic in the window is None, never zero."""

    name = "golden"
    period = 1.0
    calm_period = 2.0
    timeout = 4.0
    needs: tuple[str, ...] = ("httpx",)

    def __init__(self, where: AskAddress, namespace: AskAddress, window: int = 30) -> None:
        self._where = where
        self._window = window
        self._namespace = namespace
        self._query = ""
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Finds Prometheus and keeps one connection to it."""
        self._query = golden_query(await self._namespace(), self._window)
        self._client = http_client(await self._where())

    async def read(self) -> GoldenMetrics:
        """One round of all queries."""
        assert self._client is not None
        answer = await self._client.post("/api/v1/query", data={"query": self._query})
        answer.raise_for_status()
        return parse(answer.json()["data"]["result"], self._window)

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


async def history(url: str, namespace: str, seconds: int, step: int, window: int = 30) -> Curves:
    """Points of the curves rps, success and p95 over the last `seconds`, one every `step`.

    The client is synchronous, so it works in a thread.
    """
    return await asyncio.to_thread(_history, url, namespace, seconds, step, window)


def _history(url: str, namespace: str, seconds: int, step: int, window: int) -> Curves:
    from prometheus_api_client import PrometheusConnect

    client = PrometheusConnect(url=url)
    end = time.time()
    curves: Curves = {}
    for name, query in history_queries(namespace, window).items():
        start = datetime.fromtimestamp(end - seconds)
        answer = client.custom_query_range(
            query, start, datetime.fromtimestamp(end), str(step), timeout=10
        )
        curves[name] = [
            (float(at), _number(figure)) for series in answer for at, figure in series["values"]
        ]
    return curves


def _number(text: str) -> float | None:
    figure = float(text)
    return None if math.isnan(figure) else figure
