"""Endpoints are found by their names, and one that is not there says why."""

from __future__ import annotations

import pytest

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.targets import reading
from controlroom.targets.abilities import Endpoints, Refused
from tests.feeds.test_split import FakeSide


async def test_an_endpoint_of_any_name_is_found() -> None:
    endpoints = LiveEndpoints(
        FakeSide("a", reading.endpoints({"ingress": "http://in:1", "toy": "toy://t:1"}))
    )
    assert await endpoints.address("toy") == "toy://t:1"
    with pytest.raises(Refused, match="has no redis"):
        await endpoints.redis()


async def test_an_endpoint_that_is_absent_says_why() -> None:
    endpoints = LiveEndpoints(
        FakeSide("a", Endpoints({"redis": ""}, absent={"redis": "It is in cluster b."}))
    )
    with pytest.raises(Refused, match="in cluster b"):
        await endpoints.redis()


def test_a_stack_that_does_not_know_an_endpoint_yet_tells_none() -> None:
    with pytest.raises(KeyError, match="toy"):
        reading.endpoints({"ingress": "http://in:1", "toy": None})
