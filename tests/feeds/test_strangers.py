"""Somebody else answers at an engine's address: what cannot be read is said, and ends nothing."""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from _pytest.mark.structures import ParameterSet
from pymongo.errors import OperationFailure
from redis.exceptions import ResponseError

from controlroom.feeds import log
from controlroom.feeds.errors import explain
from controlroom.feeds.exporter import ExporterLag
from controlroom.feeds.gateways import Gateways
from controlroom.feeds.golden import GoldenSource
from controlroom.feeds.limit import Limit
from controlroom.feeds.log import LogSource
from controlroom.model.golden import GoldenMetrics
from controlroom.model.links import ClusterLink, ClusterLinks
from controlroom.model.queries import ROWS
from controlroom.runs.golden_reader import GoldenReader
from controlroom.settings import Settings
from controlroom.targets.abilities import Endpoints, TargetError, TargetInfo
from controlroom.targets.local import LocalTarget
from controlroom.targets.prometheus import Unreadable, series
from host.paths import stack_socket
from tests.feeds.world import World, vote
from tests.walk.door import Nonsense, door, talking
from tests.walk.nonsense import NONSENSE, http, same
from wire.documents import DocumentsError

NOWHERE = ("127.0.0.1", 9)


def of(engine: str) -> list[ParameterSet]:
    """What is said in its stead, whole: half an answer is a silence."""
    said = NONSENSE[engine].items()
    return [pytest.param(talk, id=name) for name, talk in said if name != "cut HTTP"]


class Somewhere:
    """A target whose Prometheus is there."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def prometheus(self) -> str:
        return self._url

    async def namespace(self) -> str:
        return "test"

    async def endpoints(self) -> Endpoints:
        return Endpoints({"prometheus": self._url})

    async def info(self) -> TargetInfo:
        return TargetInfo("test", "", details={"namespace": "test"})


@asynccontextmanager
async def stranger(nonsense: Nonsense) -> AsyncIterator[Somewhere]:
    async with talking(nonsense) as port:
        yield Somewhere(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("nonsense", of("prometheus"))
async def test_the_traffic_says_that_it_cannot_be_read(nonsense: Nonsense) -> None:
    async with stranger(nonsense) as somewhere:
        source = GoldenSource(somewhere.prometheus, somewhere.namespace)
        await source.open()
        with pytest.raises((Unreadable, httpx.HTTPError)) as caught:
            await source.read()
        await source.close()
    said = explain("golden", caught.value).error
    assert said.startswith(
        ("Prometheus answered what cannot be read: ", "Prometheus cannot be reached")
    )


async def _exporter(somewhere: Somewhere) -> None:
    lag = ExporterLag(somewhere.prometheus, "group", "topic")
    assert await lag.read() is None
    await lag.close()


async def _limit(somewhere: Somewhere) -> None:
    limit = Limit(somewhere)  # type: ignore[arg-type]
    await limit.refresh()
    assert limit.busy == {}
    await limit.close()


async def _gateways(somewhere: Somewhere) -> None:
    gateways, links = (
        Gateways(somewhere.prometheus),
        ClusterLinks(True, (ClusterLink("b", "", ()),)),
    )
    assert await gateways.told(links) == links
    await gateways.close()


async def _run(somewhere: Somewhere) -> None:
    reader = GoldenReader(somewhere)  # type: ignore[arg-type]
    found: GoldenMetrics | None = await reader.read(30, ROWS)
    assert found is None
    await reader.close()


@pytest.mark.parametrize("nonsense", of("prometheus"))
@pytest.mark.parametrize("asker", [_exporter, _limit, _gateways, _run])
async def test_what_needs_prometheus_least_goes_on_without_it(
    asker: Callable[[Somewhere], Awaitable[None]], nonsense: Nonsense
) -> None:
    async with stranger(nonsense) as somewhere:
        await asker(somewhere)


async def test_what_prometheus_says_of_a_question_is_told() -> None:
    words = http(json.dumps({"status": "error", "error": "bad_data"}).encode(), code="400 Bad")
    async with (
        stranger(same(words)) as somewhere,
        httpx.AsyncClient(base_url=await somewhere.prometheus()) as client,
    ):
        with pytest.raises(Unreadable, match="400 bad_data"):
            await series(client, "up")


@pytest.mark.parametrize("nonsense", of("daemon"))
async def test_who_is_no_stack_is_not_an_empty_one(nonsense: Nonsense, tmp_path: Path) -> None:
    async with talking(nonsense, stack_socket(tmp_path)):
        target = LocalTarget.from_settings(Settings(state_dir=tmp_path))
        for question in (target.fleet, target.faults, target.info, target.status):
            with pytest.raises(TargetError):
                await question()
        with pytest.raises(TargetError):
            await target.pod_log("consumer")
        await target.close()


def test_what_cannot_be_read_is_said_of_who_answered() -> None:
    said = explain("tallies", ValueError("invalid literal")).error
    assert said == "Redis answered what cannot be read (ValueError: invalid literal)"
    for error in (KeyError("cursor"), struct.error("short"), TypeError("no list")):
        said = explain("books", error).error
        assert said.startswith("an engine that the books need answered what cannot be read (")
    assert explain("books", ResponseError("no")).error == "Redis, which the books need: no"
    assert explain("log", OperationFailure("no")).error.startswith("MongoDB: no")
    assert explain("log", ResponseError("no")).error == "Redis, which the log needs: no"
    other = DocumentsError("MongoDB: odd")
    other.__cause__ = OperationFailure("odd")
    assert explain("books", other).error == "MongoDB, which the books need: odd"
    assert explain("log", other).error == "MongoDB: odd"


@pytest.mark.engines
async def test_the_log_sees_a_store_that_goes_away_while_nothing_is_new(
    bands: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "LOOK_EVERY", 0.0)
    await bands.store([vote()] * 2)
    address, _, port = bands.engines.mongo.rpartition("@")[2].partition("/")[0].partition(":")
    async with door((address, int(port))) as gate:
        bands.target.move(mongo=bands.engines.mongo.replace(f":{port}", f":{gate.port}"))
        source = LogSource(bands.endpoints, bands.scenario)
        await source.open()
        assert len((await source.read()).lines) == 2
        assert not (await source.read()).lines
        await gate.refuse()
        with pytest.raises(DocumentsError):
            await source.read()
        await source.close()
