"""HTTPChaos on the real haproxy before tiny pods."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from host.errors import StackError
from stack.engines.haproxy import Haproxy
from stack.faults import reading
from stack.faults.model import RequestRule
from stack.local_stack import LocalStack
from stack.requests import MAP
from tests.stack.test_faults import TINY, phase
from tests.stack.test_selection import manifest
from tests.waiting import until


def http_chaos(mode: str = "all", **spec: Any) -> dict[str, Any]:
    """On the requests to the first container of the tiny pods."""
    body = {"target": "Request", "port": 8080, "duration": "60s", **spec}
    return manifest("HTTPChaos", mode=mode, selector=TINY, **body)


async def cut_off(http: httpx.AsyncClient, url: str) -> bool:
    """Whether a request gets no answer."""
    try:
        await http.get(url)
    except httpx.TransportError:
        return True
    return False


async def test_requests_that_are_meant_are_cut_off_and_no_others(
    world: LocalStack, http: httpx.AsyncClient
) -> None:
    base = f"http://127.0.0.1:{world.balancer.ingress_port}"
    chaos = http_chaos(abort=True, path="/bad/*", method="GET")
    seen = world.faults.preview(chaos)
    assert (
        seen.effect
        == "GET requests for /bad/* to port 8080 of 2 pods are cut off without an answer."
    )
    status = await world.faults.inject(chaos, "r-1")
    assert (status.kind, status.action, status.phase) == ("HTTPChaos", "abort", "running")
    assert await cut_off(http, f"{base}/bad/one")
    for path in ("/good", "/bad", "/side/bad/one"):
        assert (await http.get(base + path)).status_code == 200
    assert (await http.post(f"{base}/bad/one")).status_code == 501, "the pod's own answer"
    with pytest.raises(StackError, match="Another fault acts on these requests"):
        await world.faults.inject(chaos, "r-2")
    assert await cut_off(http, f"{base}/bad/one"), "the refused one takes nothing away"
    await world.faults.recover(status.id)
    assert (await http.get(f"{base}/bad/one")).status_code == 200


async def test_requests_are_held_and_the_rule_outlives_haproxy(
    world: LocalStack, http: httpx.AsyncClient
) -> None:
    url = f"http://127.0.0.1:{world.balancer.ingress_port}/slow"

    async def seconds() -> float:
        began = time.monotonic()
        assert (await http.get(url)).status_code == 200
        return time.monotonic() - began

    status = await world.faults.inject(http_chaos(delay="700ms"), "r-1")
    assert await seconds() >= 0.7
    haproxy = world.supervisors["haproxy"]
    first = haproxy.pid
    await haproxy.kill()
    await until(lambda: haproxy.pid not in (None, first), "haproxy is another process", 60)

    async def on() -> bool:
        try:
            return await seconds() >= 0.7
        except (AssertionError, httpx.TransportError):
            return False

    await until(on, "requests are held again", 60)
    await world.faults.recover(status.id)
    assert phase(world, status.id) == "finished"
    assert "slow" not in await world.engines.own(Haproxy).ask(f"show map {MAP}")
    assert (await world.engines.own(Haproxy).ask(f"show map {MAP}")).strip() == ""


async def test_a_rule_that_could_not_be_verified_is_taken_back_when_asked_again(
    world: LocalStack,
) -> None:
    rule = RequestRule("one", "^tiny[.]http:GET:/x$", "abort")
    haproxy = world.supervisors["haproxy"]
    await world.requests.add([rule])
    await haproxy.hold("test")
    with pytest.raises(StackError, match="haproxy does not answer"):
        await world.requests.remove([rule])
    haproxy.release("test")

    async def gone() -> bool:
        try:
            await world.requests.remove([rule])
        except StackError:
            return False
        return (await world.engines.own(Haproxy).ask(f"show map {MAP}")).strip() == ""

    await until(gone, "nothing is left", 60)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"port": 9999}, r"spec\.port: no Service leads to port 9999 of tiny"),
        ({"port": 9090}, r"spec\.port: no Service leads to port 9090 of tiny"),
        ({"mode": "one"}, "All pods of a deployment share"),
    ],
)
async def test_what_the_balancer_cannot_do_is_refused(
    world: LocalStack, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(StackError, match=field):
        world.faults.preview(http_chaos(**{"abort": True, **change}))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target": "Response"}, "spec.target"),
        ({"replace": {"path": "/x"}}, "spec.replace"),
        ({"patch": {}}, "spec.patch"),
        ({"code": 500}, "spec.code"),
        ({"request_headers": {"a": "b"}}, "spec.request_headers"),
        ({"response_headers": {"a": "b"}}, "spec.response_headers"),
        ({"tls": {}}, "spec.tls"),
        ({"delay": "1s"}, "spec.abort"),
        ({"abort": False}, "spec.abort"),
        ({"abort": False, "delay": "2m"}, "spec.delay"),
        ({"path": "/a b"}, "spec.path"),
        ({"method": "get"}, "spec.method"),
        ({"port": 0}, "spec.port"),
        ({"duration": None}, "spec.duration"),
    ],
)
def test_what_is_not_done_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(StackError, match=field.replace(".", r"\.")):
        reading.fault(http_chaos(**{"abort": True, **change}), "here")
