"""Lag as a Kafka exporter reports it to Prometheus; Strimzi deploys one (`spec.kafkaExporter`).

Its metrics are those of kafka_exporter: https://github.com/danielqsj/kafka_exporter
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from controlroom.feeds.endpoints import AskAddress
from controlroom.model.queries import lag_query
from controlroom.model.queues import Queues
from controlroom.targets.abilities import TargetError
from controlroom.targets.prometheus import series
from wire.plain_http import http_client

if TYPE_CHECKING:
    import httpx

PERIOD = 2.0
"""Seconds between two questions; scrapes are further apart."""
AGAIN = 30.0
"""Seconds until a Prometheus that knew of no exporter is asked again."""
STALE = 60
"""Seconds after which what was scraped last counts no more: the exporter is away."""
TIMEOUT = 2.0
TOLD_BY = "exporter"


class ExporterLag:
    """Asks Prometheus now and then; knows nothing where nobody exports the lag."""

    def __init__(self, where: AskAddress, group: str, topic: str) -> None:
        self._where = where
        self._group = group
        self._topic = topic
        self._client: httpx.AsyncClient | None = None
        self._due = float("-inf")
        self._last: Queues | None = None

    async def read(self) -> Queues | None:
        """The exporter's last figures, or None. Never raises: Kafka can be asked instead."""
        now = time.monotonic()
        if now >= self._due:
            self._last = await self._ask()
            self._due = now + (AGAIN if self._last is None else PERIOD)
        return self._last

    async def close(self) -> None:
        """Closes the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _ask(self) -> Queues | None:
        import httpx

        try:
            if self._client is None:
                url = await self._where()
                self._client = http_client(url, TIMEOUT)
            found = await series(self._client, lag_query(self._group, self._topic), "part")
        except (httpx.HTTPError, TargetError):
            await self.close()
            return None
        return parse(found, self._group, self._topic)


def parse(result: Sequence[Mapping[str, Any]], group: str, topic: str) -> Queues | None:
    """The lag of one answer of Prometheus; None where nothing reports it, or the report is old."""
    parts: dict[str, dict[int, float]] = {}
    for one in result:
        labels = one["metric"]
        place = int(labels.get("partition", 0))
        parts.setdefault(labels["part"], {})[place] = float(one["value"][1])
    lag, age = parts.get("lag", {}), parts.get("age", {}).get(0)
    if not lag or age is None or age > STALE:
        return None
    ends = parts.get("end", {})
    members = parts.get("members", {}).get(0)
    return Queues(
        topic=topic,
        group=group,
        partitions=len(ends) or len(lag),
        members=None if members is None else int(members),
        # a partition without a commit is reported as -1
        lag=int(sum(max(0.0, one) for one in lag.values())),
        end=int(sum(ends.values())),
        lag_by_partition=tuple(int(max(0.0, lag[place])) for place in sorted(lag)),
        told_by=TOLD_BY,
    )
