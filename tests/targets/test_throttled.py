"""A real API server that is too busy for the room, by its own priority and fairness."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import time
from collections.abc import AsyncIterator
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controlroom.targets.abilities import Unreachable
from controlroom.targets.kubernetes.api import BUSY_TRIES
from controlroom.targets.kubernetes.kubeconfig import access
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, PODS
from controlroom.targets.kubernetes.target import KubernetesTarget
from tests.targets.control_plane import CONTEXT, ControlPlane
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]

SCHEMA_HEADER = "X-Kubernetes-PF-FlowSchema-UID"
FLOW = "flowcontrol.apiserver.k8s.io/v1"
BODY = 1 << 20
"""Go's server refuses a body of over 256 KiB unread, and waits for a smaller one before it does."""
CALM = 3.0
"""Seconds between questions that may be refused. The server asks for a longer wait, twice as long
each time, of those whom it refuses three times a second, and for a shorter one where fewer ask
(apiserver/pkg/util/flowcontrol/dropped_requests_tracker.go)."""
REJECTED = re.compile(
    r'^apiserver_flowcontrol_rejected_requests_total\{flow_schema="(\S+?)".*\} (\d+)$', re.M
)


def narrow(namespace: str) -> list[dict[str, Any]]:
    """A level that lets one request through at a time, and who has to take it."""
    limited = {
        "nominalConcurrencyShares": 0,
        "lendablePercent": 0,
        "borrowingLimitPercent": 0,
        "limitResponse": {"type": "Reject"},
    }
    who = {"kind": "ServiceAccount", "serviceAccount": {"namespace": namespace, "name": "room"}}
    everything = {
        "verbs": ["*"],
        "apiGroups": ["*"],
        "resources": ["*"],
        "namespaces": ["*"],
        "clusterScope": True,
    }
    return [
        {
            "apiVersion": FLOW,
            "kind": "PriorityLevelConfiguration",
            "metadata": {"name": namespace},
            "spec": {"type": "Limited", "limited": limited},
        },
        {
            "apiVersion": FLOW,
            "kind": "FlowSchema",
            "metadata": {"name": namespace},
            "spec": {
                "matchingPrecedence": 2,
                "priorityLevelConfiguration": {"name": namespace},
                "rules": [{"subjects": [who], "resourceRules": [everything]}],
            },
        },
    ]


@pytest.fixture
def account(
    plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """The room acts as an account of its own; namespace, token."""
    plane.kubectl("create", "serviceaccount", "room", "-n", namespace)
    words = ("--clusterrole=cluster-admin", f"--serviceaccount={namespace}:room", "-n", namespace)
    plane.kubectl("create", "rolebinding", "room", *words)
    token = plane.kubectl("create", "token", "room", "-n", namespace).strip()
    own = plane.write_kubeconfig(tmp_path / "config", token, namespace)
    monkeypatch.setenv("KUBECONFIG", str(own))
    return namespace, token


@contextlib.asynccontextmanager
async def one_at_a_time(plane: ControlPlane, namespace: str) -> AsyncIterator[None]:
    """The account gets one request through at a time, for as long as this lasts."""
    items = {"apiVersion": "v1", "kind": "List", "items": narrow(namespace)}
    plane.kubectl("create", "-f", "-", stdin=json.dumps(items))
    uid = plane.kubectl("get", "flowschema", namespace, "-o", "jsonpath={.metadata.uid}")

    async def counts() -> bool:
        return (await _asked_once(namespace)).headers.get(SCHEMA_HEADER) == uid

    try:
        await until(counts, "the server counts the account's requests", timeout=60)
        yield
    finally:
        for kind in ("flowschema", "prioritylevelconfiguration"):
            plane.kubectl("delete", kind, namespace, "--ignore-not-found")


@pytest.fixture
async def narrowed(plane: ControlPlane, account: tuple[str, str]) -> AsyncIterator[tuple[str, str]]:
    """An account that gets one request through at a time; namespace, token."""
    async with one_at_a_time(plane, account[0]):
        yield account


@pytest.fixture
async def target(account: tuple[str, str]) -> AsyncIterator[KubernetesTarget]:
    """What the room asks, as that account."""
    one = KubernetesTarget(CONTEXT)
    yield one
    await one.close()


def rejected(plane: ControlPlane, namespace: str) -> int:
    """How many requests of the account the server has refused as too many."""
    told = REJECTED.findall(plane.kubectl("get", "--raw", "/metrics"))
    return sum(int(count) for name, count in told if name == namespace)


class Occupant:
    """A request of the account whose body does not come."""

    def __init__(self, plane: ControlPlane, token: str, namespace: str) -> None:
        tls = ssl.create_default_context(cafile=str(plane.folder / "apiserver.crt"))
        self._connection = HTTPSConnection("127.0.0.1", plane.port, context=tls)
        self._token = token
        self._path = CONFIG_MAPS.path(namespace)

    def ask(self) -> None:
        """Sends all but the body, over a connection of its own."""
        self.leave()
        self._connection.putrequest("POST", self._path)
        self._connection.putheader("Authorization", f"Bearer {self._token}")
        self._connection.putheader("Content-Type", "application/json")
        self._connection.putheader("Content-Length", str(BODY))
        self._connection.endheaders()

    def answered(self) -> bool:
        """Whether the server has sent it away, as it does where the seat is taken."""
        self._connection.sock.setblocking(False)
        try:
            self._connection.sock.recv(1)
        except ssl.SSLWantReadError:
            return False
        return True

    def leave(self) -> None:
        """Gives the seat back."""
        self._connection.close()


@contextlib.asynccontextmanager
async def the_only_seat(plane: ControlPlane, token: str, namespace: str) -> AsyncIterator[None]:
    """Taken, for as long as this lasts."""
    occupant = Occupant(plane, token, namespace)

    async def sits() -> bool:
        refused = await _refused(namespace)
        if occupant.answered():
            occupant.ask()
            return False
        return refused

    occupant.ask()
    try:
        await until(sits, "the only seat is taken", timeout=60, every=CALM)
        yield
    finally:
        occupant.leave()


async def test_a_busy_server_is_named_asked_seldom_and_found_again(
    plane: ControlPlane, narrowed: tuple[str, str], target: KubernetesTarget
) -> None:
    namespace, token = narrowed
    path = PODS.path(namespace)
    # no watch is open: it would be refused too, beside the question that is counted
    async with the_only_seat(plane, token, namespace):
        before, began = rejected(plane, namespace), time.monotonic()
        with pytest.raises(Unreachable, match=r"busy or away \(429\)"):
            await target.api.get(path)
        took, tries = time.monotonic() - began, rejected(plane, namespace) - before
    # the server asks for a second before each attempt but the first
    assert tries == BUSY_TRIES + 1
    assert took >= BUSY_TRIES
    found = await until(lambda: _answer(target), "the server answers", timeout=60)
    assert found["items"] == []


async def test_a_fleet_that_is_open_stays_whole_while_the_server_is_busy(
    plane: ControlPlane, account: tuple[str, str], target: KubernetesTarget
) -> None:
    namespace, token = account
    await target.fleet()
    async with one_at_a_time(plane, namespace):
        async with the_only_seat(plane, token, namespace):
            assert (await target.fleet()).notes == ()
        assert (await target.fleet()).notes == ()


async def test_who_waits_as_asked_gets_through(
    plane: ControlPlane, narrowed: tuple[str, str], target: KubernetesTarget
) -> None:
    namespace, token = narrowed
    async with the_only_seat(plane, token, namespace):
        before = rejected(plane, namespace)
        asked = asyncio.create_task(target.api.get(PODS.path(namespace)))
        await until(lambda: rejected(plane, namespace) > before, "refused once")
    assert (await asked)["items"] == []


async def _refused(namespace: str) -> bool:
    answer = await _asked_once(namespace)
    return answer.status == 429 and answer.headers["Retry-After"] == "1"


async def _asked_once(namespace: str) -> aiohttp.ClientResponse:
    """The answer's head, whatever it is."""
    here = await access(CONTEXT)
    url = here.server + PODS.path(namespace)
    async with (
        aiohttp.ClientSession(headers=here.headers) as session,
        session.get(url, ssl=here.tls) as answer,
    ):
        return answer


async def _answer(target: KubernetesTarget) -> Any:
    try:
        return await target.api.get(PODS.path(await target.namespace()))
    except Unreachable:
        return None
