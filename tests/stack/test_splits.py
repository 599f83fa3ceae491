"""Traffic splits on the real haproxy before tiny pods."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from controlroom.torture.environment import TortureEnvironment
from controlroom.torture.splits import Splits
from host.errors import StackError
from stack.client import StackClient
from stack.config import StackConfig
from stack.daemon_files import DaemonFiles
from stack.engines.haproxy import Haproxy
from stack.faults import reading
from stack.faults.splitting import SplitError, lasting, split_of, weighted
from stack.local_stack import LocalStack
from stack.splits import COUNTS, PATHS, REWRITES, ROUND, TURNS, turns
from stack.status import status
from tests.conftest import Engines
from tests.stack.conftest import TINY
from tests.stack.test_daemon import is_ready, start
from tests.stack.test_faults import phase
from tests.waiting import until

LAZY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: lazy, annotations: {controlroom/on-demand: "true"}}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: lazy}}
  template:
    metadata: {labels: {app.kubernetes.io/name: lazy}}
    spec:
      containers:
        - name: main
          image: none
          command: [python, "%(tiny)s"]
          envFrom: [{configMapRef: {name: endpoints}}]
          env:
            - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
            - {name: HTTP_PORT, value: "8080"}
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: lazy}
spec:
  selector: {app.kubernetes.io/name: lazy}
  ports: [{name: http, port: 80, targetPort: http}]
"""


@pytest.fixture
def tiny_config(tiny_config: StackConfig, engines: Engines) -> StackConfig:
    """The tiny stack, and a service that runs only where a split needs it."""
    (tiny_config.manifests / "lazy.yaml").write_text(LAZY % {"tiny": TINY})
    return tiny_config


def split(*branches: tuple[str, str, float], path: str = "/", **spec: Any) -> dict[str, Any]:
    """Name, `service:port` and weight of each branch."""
    made = [
        {"name": name, "service": aim.split(":")[0], "port": aim.split(":")[1], "weight": weight}
        for name, aim, weight in branches
    ]
    body = {"paths": [path], "duration": "60s", "branches": made, **spec}
    return {
        "apiVersion": "controlroom.io/v1",
        "kind": "TrafficSplit",
        "metadata": {"name": "some"},
        "spec": body,
    }


HALVES = split(("one", "tiny:http", 50), ("two", "tiny:side", 50))


def base(world: LocalStack) -> str:
    """The ingress."""
    return f"http://127.0.0.1:{world.balancer.ingress_port}"


async def ports(world: LocalStack, path: str, count: int = 20) -> Counter[str]:
    """Which container answered, of so many requests over one connection."""
    seen: Counter[str] = Counter()
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(count):
            answer = await client.get(base(world) + path)
            assert answer.status_code == 200
            env = answer.json()["env"]
            seen["lazy" if env["POD_NAME"].startswith("lazy") else _container(env)] += 1
    return seen


def _container(env: dict[str, str]) -> str:
    return "http" if "ADMIN_PORT" in env else "side"


@dataclass
class Load:
    """Requests without a pause, until it is ended."""

    answered: Counter[int] = field(default_factory=Counter)
    unanswered: list[str] = field(default_factory=list)


@asynccontextmanager
async def load(url: str, users: int = 8) -> AsyncIterator[Load]:
    """A load, with all its answers counted when the block is over."""
    seen, over = Load(), asyncio.Event()

    async def user() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            while not over.is_set():
                try:
                    seen.answered[(await client.get(url)).status_code] += 1
                except httpx.HTTPError as error:
                    seen.unanswered.append(repr(error))

    users_ = [asyncio.create_task(user()) for _ in range(users)]
    try:
        yield seen
    finally:
        over.set()
        await asyncio.gather(*users_)


async def test_requests_are_divided_as_the_weights_say_and_counted(world: LocalStack) -> None:
    thirds = split(("one", "tiny:http", 1), ("two", "tiny:side", 2))
    preview = world.faults.preview(thirds)
    assert preview.effect == "Requests for /: one 33.33 %, two 66.67 %."
    assert preview.hits == ("one 33.33 %", "two 66.67 %")
    assert "/ goes to tiny now" in preview.remarks[0]
    one = await world.faults.inject(thirds, "r-1")
    assert (one.kind, one.action, one.phase) == ("TrafficSplit", "split", "running")
    seen = await ports(world, "/x", 300)
    assert abs(seen["side"] - 200) <= 3, "any few turns in a row are as even as all"
    assert (await ports(world, "/side/x"))["side"] == 20, "a longer route keeps its requests"
    assert (await ports(world, "/sideways", 30))["http"] in range(8, 13)
    for _ in range(5):
        (world.config.state / "switches" / "bad").touch()
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{base(world)}/bad")).status_code == 503
    over = await world.faults.recover(one.id)
    assert over.figures is not None
    assert sum(one["requests"] for one in over.figures.values()) == 335
    assert sum(one["failed"] for one in over.figures.values()) == 5
    assert (await ports(world, "/x"))["http"] == 20
    await nothing_left(world)

    elsewhere = split(("one", "tiny:http", 1), ("two", "tiny:side", 1))
    elsewhere["spec"]["branches"][1]["path"] = "/other/place"
    another = await world.faults.inject(elsewhere, "")
    async with httpx.AsyncClient(trust_env=False) as client:
        answers = [(await client.get(f"{base(world)}/x?a=1")).json() for _ in range(4)]
    seen_paths = {(_container(one["env"]), one["path"]) for one in answers}
    assert seen_paths == {("http", "/x?a=1"), ("side", "/other/place?a=1")}
    await world.faults.recover(another.id)
    await nothing_left(world)


async def nothing_left(world: LocalStack) -> None:
    """No entry of a split is in haproxy."""
    haproxy = world.engines.own(Haproxy)
    for name in (PATHS, TURNS, REWRITES):
        assert (await haproxy.ask(f"show map {name}")).strip() == ""
    assert "key=" not in await haproxy.ask(f"show table {COUNTS}")


async def test_no_request_is_lost_while_weights_change_and_end(world: LocalStack) -> None:
    async with load(f"{base(world)}/x") as seen:
        for weights in ((50, 50), (0, 100), (99.5, 0.5)):
            asked = split(("one", "tiny:http", weights[0]), ("two", "tiny:side", weights[1]))
            status = await world.faults.inject(asked, "r-1")
            wanted = seen.answered.total() + 100

            def enough(wanted: int = wanted) -> bool:
                return seen.answered.total() > wanted

            await until(enough, "100 answers", 60)
            over = await world.faults.recover(status.id)
            assert over.figures is not None
            got = {name: one["requests"] for name, one in over.figures.items()}
            share = got["one"] / sum(got.values())
            assert share == pytest.approx(weights[0] / 100, abs=0.03)
    assert seen.unanswered == []
    assert set(seen.answered) == {200}
    await nothing_left(world)


async def test_a_new_haproxy_has_the_split_and_what_was_counted(world: LocalStack) -> None:
    status = await world.faults.inject(split(("two", "tiny:side", 1)), "")
    await ports(world, "/x", 7)

    def counted() -> int:
        figures = next(one for one in world.faults.statuses() if one.id == status.id).figures or {}
        return sum(one["requests"] for one in figures.values())

    await until(lambda: counted() == 7, "all are counted", 30)
    haproxy = world.supervisors["haproxy"]
    first = haproxy.pid
    await haproxy.kill()
    await until(lambda: haproxy.pid not in (None, first), "haproxy is another process", 60)

    async def on() -> bool:
        try:
            return (await ports(world, "/x", 1))["side"] == 1
        except (AssertionError, httpx.TransportError):
            return False

    await until(on, "the split is on again", 60)
    over = await world.faults.recover(status.id)
    assert over.figures is not None
    assert over.figures["two"]["requests"] >= 8
    await nothing_left(world)


async def test_what_only_splits_need_runs_until_the_last_one_ends_by_itself(
    world: LocalStack,
) -> None:
    lazy = world.controllers["lazy"]
    assert (lazy.replicas, lazy.pods) == (0, [])
    assert "lazy" not in [one["name"] for one in (await status(world))["deployments"]]
    asked = split(("one", "tiny:http", 50), ("two", "lazy:http", 50), duration="60s")
    assert "lazy is started for the split" in " ".join(world.faults.preview(asked).remarks)
    one = await world.faults.inject(asked, "")
    assert one.ends is not None
    assert one.injected is not None
    assert one.ends - one.injected == pytest.approx(60), "the start of it takes nothing of the time"
    assert (await ports(world, "/x", 10))["lazy"] == 5
    # a branch that nobody serves any more fails, though no pod says so
    lazy.scale(0, "the test")
    await until(lambda: not lazy.pods, "no pod is left", 30)
    async with httpx.AsyncClient(trust_env=False) as client:
        seen = [(await client.get(f"{base(world)}/x")).status_code for _ in range(10)]
    assert Counter(seen) == {200: 5, 503: 5}
    over = await world.faults.recover(one.id)
    assert over.figures == {
        "one": {"requests": 10, "failed": 0},
        "two": {"requests": 10, "failed": 5},
    }
    short = await world.faults.inject({**asked, "spec": {**asked["spec"], "duration": "1s"}}, "")
    await until(lambda: phase(world, short.id) == "finished", "the split is over", 30)
    assert (await ports(world, "/x", 3))["http"] == 3
    await until(lambda: not lazy.pods, "it has ended", 30)
    await nothing_left(world)


async def test_what_cannot_be_split_is_refused_and_leaves_nothing(world: LocalStack) -> None:
    first = await world.faults.inject(split(("two", "tiny:side", 1)), "")
    for asked, why in (
        (HALVES, "Another split has the requests for /"),
        (split(("one", "nobody:http", 1), path="/side"), "There is no Service nobody"),
        (split(("one", "tiny:grpc", 1), path="/side"), "tiny has no port grpc"),
    ):
        with pytest.raises(StackError, match=why):
            await world.faults.inject(asked, "")
    assert (await ports(world, "/x", 3))["side"] == 3, "a refused one takes nothing away"
    second = await world.faults.inject(split(("one", "tiny:http", 1), path="/side"), "")
    assert (await ports(world, "/side/x", 3))["http"] == 3
    await world.faults.recover(first.id)
    assert (await ports(world, "/side/x", 3))["http"] == 3, "the end of one leaves the other"
    await world.faults.recover(second.id)
    await nothing_left(world)


async def test_nothing_of_a_split_outlives_a_daemon_that_is_killed(
    tiny_config: StackConfig,
) -> None:
    files = DaemonFiles(tiny_config.state)
    async with StackClient(files.socket) as client:
        daemon = start(tiny_config)
        try:
            await until(lambda: is_ready(client), "the stack is ready", 60)
            one = await client.inject_fault(split(("two", "tiny:side", 1)), "r-1")
            url = (await client.endpoints())["ingress"]
            assert await answering(url) == "side"
            troubles: list[str] = []
            environment = TortureEnvironment(tiny_config.state, "bands")
            torture = Splits(environment, (), 1, print, troubles.append)
            await torture.ended("/", "nobody", 1)
            assert troubles == ["a split of / is left behind; nobody died meanwhile"]
            daemon.kill()
            daemon.wait()
            daemon = start(tiny_config)
            await until(lambda: is_ready(client), "the next one is ready", 60)
            assert one["id"] not in [each["id"] for each in await client.faults()]
            assert await answering((await client.endpoints())["ingress"]) == "http"
            await torture.ended("/", "supervisor", 60)
            assert (len(troubles), torture.count) == (1, {"supervisor": 1})
            assert torture.missing == ["nobody", "runner", "haproxy"]
            await environment.close()
            await client.down()
        finally:
            daemon.kill()
            daemon.wait()


async def answering(url: str) -> str:
    """The container that has the requests of the ingress."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return _container((await client.get(f"{url.rstrip('/')}/x")).json()["env"])


def changed(**change: Any) -> dict[str, Any]:
    """A split with another spec."""
    return {**HALVES, "spec": {**HALVES["spec"], **change}}


def branch(**change: Any) -> dict[str, Any]:
    """One with a single branch, changed."""
    return changed(branches=[{"service": "tiny", "weight": 1, **change}])


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        (changed(paths=[]), "spec.paths"),
        (changed(paths=["x"]), "spec.paths[0]"),
        (changed(paths=["/x", "/x/"]), "spec.paths"),
        (changed(branches=[]), "spec.branches"),
        (changed(extra=1), "spec"),
        (changed(duration=None), "spec.duration"),
        (changed(duration="60"), "spec.duration"),
        (changed(duration="11m"), "spec.duration"),
        (changed(duration=60), "spec.duration"),
        (branch(weight=-1), "spec.branches[0].weight"),
        (branch(weight="50"), "spec.branches[0].weight"),
        (branch(weight=0), "spec.branches"),
        (branch(service="A b"), "spec.branches[0].service"),
        (branch(success=101), "spec.branches[0].success"),
        (branch(port=0), "spec.branches[0].port"),
        (branch(other=1), "spec.branches[0]"),
        (changed(branches=[{"service": "tiny", "weight": 1}] * 2), "spec.branches[1]"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_field(asked: dict[str, Any], place: str) -> None:
    with pytest.raises(StackError) as caught:
        reading.fault(asked, "here")
    assert f"fault: {place}: " in caught.value.message
    assert caught.value.kind == "refused"


@pytest.mark.parametrize("shares", [(0.5, 0.5), (1 / 3, 1 / 3, 1 / 3), (0.9, 0.1), (1.0, 0.0)])
def test_any_turns_in_a_row_are_as_even_as_all(shares: tuple[float, ...]) -> None:
    made = turns(shares)
    for begin, length in ((0, ROUND), (17, 100), (503, 300)):
        seen = Counter(made[begin : begin + length])
        for place, share in enumerate(shares):
            assert abs(seen[place] - share * length) <= 3


def test_weights_change_by_the_names_of_branches() -> None:
    spec = weighted(HALVES["spec"], {"two": 150})
    assert split_of(spec).shares == (0.25, 0.75)
    assert lasting(split_of(spec)) == 60
    with pytest.raises(SplitError, match="there is no branch three"):
        weighted(HALVES["spec"], {"three": 1})


def test_the_prediction_is_what_the_branches_are_expected_to_do() -> None:
    spec = {**HALVES["spec"], "branches": [dict(b) for b in HALVES["spec"]["branches"]]}
    spec["branches"][1] |= {"success": 0, "weight": 25}
    assert split_of(spec).predicted == pytest.approx(2 / 3)
