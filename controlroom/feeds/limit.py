"""How busy the parts of the pipeline were, from the series that the services have anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlroom.feeds.doors import Doors
from controlroom.model.limit import bottleneck

if TYPE_CHECKING:
    import httpx

WINDOW = "10s"
_CPU = (
    'max(rate(process_cpu_seconds_total{{namespace="{namespace}",deployment=~"producer.*"}}[{w}]))'
)
_WAIT = (
    'avg(sum by (pod) (rate(response_latency_ms_sum{{namespace="{namespace}",'
    'deployment=~"{deployment}",direction="outbound",dst_deployment="{to}"}}[{w}]))) / 1000'
)
_ARRIVING = 'sum(rate(controlroom_handled_total{{namespace="{namespace}",outcome="counted"}}[{w}]))'


def query(namespace: str) -> str:
    """One request for all shares; they are told apart by `part`."""
    wanted = {
        "producer": _CPU.format(namespace=namespace, w=WINDOW),
        "arriving": _ARRIVING.format(namespace=namespace, w=WINDOW),
    }
    for part, deployment, to in (
        ("kafka", "producer.*", "kafka"),
        ("redis", "consumer", "redis"),
        ("documents", "consumer", "mongo"),
    ):
        wanted[part] = _WAIT.format(namespace=namespace, deployment=deployment, to=to, w=WINDOW)
    return " or ".join(
        f'label_replace({q}, "part", "{part}", "", "")' for part, q in wanted.items()
    )


class Limit:
    """Asks Prometheus; says nothing where Prometheus does not answer."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._query = ""
        self._client: httpx.AsyncClient | None = None

    async def figure(self, waiting: int) -> str:
        """The part that is at its limit, or empty; `waiting` are events that queue."""
        import httpx

        try:
            if self._client is None:
                self._query = query(await self._doors.namespace())
                self._client = httpx.AsyncClient(
                    base_url=await self._doors.prometheus(), trust_env=False, timeout=1.0
                )
            answer = await self._client.post("/api/v1/query", data={"query": self._query})
            answer.raise_for_status()
        except httpx.HTTPError:
            await self.close()
            return ""
        found = {
            series["metric"]["part"]: float(series["value"][1])
            for series in answer.json()["data"]["result"]
        }
        return bottleneck(found, waiting, found.pop("arriving", 0.0))

    async def close(self) -> None:
        """Closes the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
