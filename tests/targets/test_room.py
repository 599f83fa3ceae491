"""The room on two contexts, in a real terminal."""

from __future__ import annotations

import asyncio
import copy
import itertools
import os
import statistics
import sys
import time
from pathlib import Path

import pytest
import yaml

from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, PODS
from tests.targets.control_plane import TOKEN, ControlPlane
from tests.targets.objects import STRATEGIC, make_deployment, make_pod, make_pods
from tests.terminal import Terminal
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]


PODS_WANTED = 500
KEYS = 15
SOON = 1.0
"""Seconds from a key to its effect on the screen, the median of `KEYS`, while other tests and
servers use the machine too. The room is made for a tenth of a second."""


@pytest.fixture
async def two(plane: ControlPlane, api: Api, namespace: str, tmp_path: Path) -> Path:
    """A kubeconfig with the contexts `east` and `west`; each has its own namespace."""
    config = plane.config(TOKEN)
    base = config["contexts"][0]
    config["contexts"] = []
    for n, name in enumerate(("east", "west"), 1):
        space = f"{namespace}-{name}"
        plane.kubectl("create", "namespace", space)
        endpoints = {"metadata": {"name": "endpoints"}, "data": {"SCENARIO": "bands"}}
        await api.create(CONFIG_MAPS.path(space), endpoints)
        await make_deployment(api, space, "web", ready=n, replicas=2)
        await make_pod(api, space, "web-0", "web")
        one = copy.deepcopy(base)
        one["name"], one["context"]["namespace"] = name, space
        config["contexts"].append(one)
    config["current-context"] = "east"
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o400)
    return path


def opened(config: Path, tmp_path: Path) -> Terminal:
    """The room on both contexts."""
    env = {
        **os.environ,
        "KUBECONFIG": str(config),
        "CONTROLROOM_STATE_DIR": str(tmp_path / "state"),
        "CONTROLROOM_CONFIG_DIR": str(tmp_path),
    }
    words = [sys.executable, "-m", "controlroom", "launch", "--read-only"]
    return Terminal([*words, "--context", "east", "--context", "west"], env, 120, 40)


async def test_two_contexts_side_by_side(two: Path, tmp_path: Path) -> None:
    before = two.read_bytes()
    with opened(two, tmp_path) as room:
        room.until(r"bands · east", 90)
        room.until(r"web +1/2", 60)
        room.until(r"names no REDIS_URL", 60)
        room.send("x")
        room.until(r"bands · west", 60)
        room.until(r"web +2/2", 60)
        room.send("v")
        room.until(r"side by side +east +west +difference", 60)
        room.until(r"web ready +1 +2 +\+1", 60)
        room.send("4")
        room.until(r"bands · east.+bands · west", 60)
        room.until(r"web +1/2.+web +2/2", 60)
        room.send("\x1b")
        room.until_gone("one panel of each", 60)
        room.send("4\r")
        room.until(r"fleet › web .+bands · west", 60)
        room.send("v")
        room.until(r"bands · east.+bands · west", 60)
        room.until(r"1 of 2 ready.+2 of 2 ready", 60)
        room.send("\x1b")
        room.until_gone("bands · east", 60)
        room.send("\x1b")
        room.until_gone("fleet › web", 60)
        room.send("q")
        assert room.ended(60) == 0
    assert two.read_bytes() == before


async def test_with_many_pods_that_change_all_the_time_keys_have_their_effect_soon(
    two: Path, api: Api, namespace: str, tmp_path: Path
) -> None:
    spaces = [f"{namespace}-{name}" for name in ("east", "west")]
    for space in spaces:
        await make_deployment(api, space, "many", ready=PODS_WANTED, replicas=PODS_WANTED)
        await make_pods(api, space, "many", PODS_WANTED)
    changing = asyncio.create_task(change_for_ever(api, spaces))
    try:
        with opened(two, tmp_path) as room:
            await asyncio.to_thread(room.until, rf"many +{PODS_WANTED}/{PODS_WANTED}", 90)
            await until(lambda: soon(room), "keys have their effect soon", 60, every=0)
            room.send("v")
            await asyncio.to_thread(room.until, rf"many ready +{PODS_WANTED} +{PODS_WANTED}", 60)
            room.send("\x1b")
            await asyncio.to_thread(room.until_gone, "side by side +east", 60)
            room.send("q")
            assert await asyncio.to_thread(room.ended, 60) == 0
    finally:
        changing.cancel()


async def change_for_ever(api: Api, namespaces: list[str]) -> None:
    """Pods become ready and not ready, one after the other."""
    for turn in itertools.count():
        ready = "False" if turn % 2 else "True"
        status = {"status": {"conditions": [{"type": "Ready", "status": ready}]}}
        for namespace in namespaces:
            name = f"many-{turn // 2 % PODS_WANTED:03d}"
            await api.patch(PODS.path(namespace, name, "status"), status, STRATEGIC)


async def soon(room: Terminal) -> bool:
    """Whether half of the keys are answered soon: some times, as others use the machine too."""
    return statistics.median(await asyncio.to_thread(key_times, room)) < SOON


def key_times(room: Terminal) -> list[float]:
    """Seconds until help was shown, each time that it was asked for."""
    took = []
    for _ in range(KEYS):
        began = time.perf_counter()
        room.send("?")
        room.until(r"─ help ─")
        took.append(time.perf_counter() - began)
        room.send("\x1b")
        room.until_gone(r"─ help ─")
    return took
