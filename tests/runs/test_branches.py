"""Branches are counted to the event by the counters of a real Prometheus where nobody else does."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from controlroom.runs.branches import BranchMeter
from controlroom.runs.splits import read_split
from controlroom.targets.abilities import Endpoints, TargetInfo
from tests.prometheus import listening, scraping
from tests.runs.test_splits import GOOD
from tests.waiting import until

LABELS = (
    'namespace="default", direction="inbound", deployment="one", target_port="80",'
    ' route_name="default"'
)


def counters(good: int, bad: int | None = None) -> str:
    """What a pod shows; no counter of failures where there was none."""
    lines = [f'response_total{{{LABELS}, classification="success"}} {good}']
    if bad is not None:
        lines.append(f'response_total{{{LABELS}, classification="failure"}} {bad}')
    return "\n".join(lines) + "\n"


class Located:
    """A target of which there is its Prometheus only."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def endpoints(self) -> Endpoints:
        return Endpoints({"prometheus": self._url})

    async def info(self) -> TargetInfo:
        return TargetInfo("here", "bands")

    async def close(self) -> None:
        return


@pytest.mark.engines
async def test_what_came_since_the_split_began_is_counted_with_the_first_failures(
    tmp_path: Path,
) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(GOOD)
    async with scraping(tmp_path) as scraped, httpx.AsyncClient(trust_env=False) as client:
        scraped.text = counters(500)

        async def there() -> bool:
            if not listening(scraped.url):
                return False
            answer = await client.get(f"{scraped.url}/api/v1/query?query=response_total")
            return bool(answer.is_success and answer.json()["data"]["result"])

        await until(there, "the counters are scraped", 60)
        async with BranchMeter(Located(scraped.url), read_split(file).split) as meter:
            await meter.whole()
            meter.begin()
            scraped.text = counters(512, 3)

            def counted() -> bool:
                one, other = meter.figures(None).branches
                return (one.requests, one.failed, other.requests) == (15, 3, 0)

            await until(counted, "all of them are counted", 60)
            one, _ = meter.figures(None).branches
            assert (one.success, one.got) == (12 / 15, 1.0)
