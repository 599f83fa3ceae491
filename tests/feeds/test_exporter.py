"""Lag by an exporter: a real Prometheus that scrapes what Strimzi's exporter serves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controlroom.feeds import exporter as module
from controlroom.feeds.exporter import ExporterLag, parse
from controlroom.feeds.queues import QueuesSource
from controlroom.model.queues import Queues
from controlroom.targets.abilities import Endpoints
from scenarios.loading import load
from tests.prometheus import Scraped, listening, scraping
from tests.waiting import until
from wire.keys import consumer_group, events_topic

GROUP, TOPIC = consumer_group("bands"), events_topic("bands")


def served(lags: list[int], group: str = GROUP) -> str:
    """The metrics page, as the exporter writes it."""
    lines = [f'kafka_consumergroup_members{{consumergroup="{group}"}} 3']
    for partition, lag in enumerate(lags):
        place = f'topic="{TOPIC}",partition="{partition}"'
        lines.append(f'kafka_consumergroup_lag{{consumergroup="{group}",{place}}} {lag}')
        lines.append(f'kafka_consumergroup_lag{{consumergroup="another",{place}}} 99')
        lines.append(f"kafka_topic_partition_current_offset{{{place}}} {lag + 100}")
    return "\n".join(lines) + "\n"


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[Scraped]:
    async with scraping(tmp_path) as one:
        yield one


class Nowhere:
    """A target that must not be asked for its doors."""

    async def endpoints(self) -> Endpoints:
        raise AssertionError("Kafka is not asked where an exporter tells the lag")


@pytest.mark.engines
async def test_the_exporter_is_believed_where_there_is_one(
    prometheus: Scraped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PERIOD", 0.0)
    monkeypatch.setattr(module, "AGAIN", 0.0)
    await until(lambda: listening(prometheus.url), "Prometheus listens", timeout=60)
    exporter = ExporterLag(prometheus.where, GROUP, TOPIC)
    assert await exporter.read() is None
    prometheus.text = served([5, 0, -1])
    found = await until(exporter.read, "the exporter is seen", timeout=60)
    assert found == Queues(
        TOPIC, GROUP, partitions=3, members=3, lag=5, end=304, lag_by_partition=(5, 0, 0),
        told_by="exporter",
    )  # fmt: skip
    source = QueuesSource(Nowhere(), load("bands"), prometheus.where)
    await source.open()
    assert await source.read() == found
    prometheus.text = ""

    async def gone() -> bool:
        return await exporter.read() is None

    await until(gone, "a scrape that fails ends it", timeout=60)
    await exporter.close()
    await source.close()


async def test_a_prometheus_that_is_away_is_no_trouble() -> None:
    async def where() -> str:
        return "http://127.0.0.1:1"

    exporter = ExporterLag(where, GROUP, TOPIC)
    assert await exporter.read() is None
    await exporter.close()


def test_what_was_told_long_ago_counts_no_more() -> None:
    lag = {"metric": {"part": "lag", "partition": "0"}, "value": [0, "7"]}
    old = {"metric": {"part": "age"}, "value": [0, "61"]}
    new = {"metric": {"part": "age"}, "value": [0, "3"]}
    assert parse([lag, old], GROUP, TOPIC) is None
    told = parse([lag, new], GROUP, TOPIC)
    assert told is not None
    assert (told.lag, told.members, told.partitions) == (7, None, 1)
