"""The room on two contexts, in a real terminal."""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path

import pytest
import yaml

from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import CONFIG_MAPS
from tests.kubernetes.control_plane import TOKEN, ControlPlane
from tests.kubernetes.objects import make_deployment, make_pod
from tests.terminal import Terminal

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]


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


async def test_two_contexts_side_by_side(two: Path, tmp_path: Path) -> None:
    env = {
        **os.environ,
        "KUBECONFIG": str(two),
        "CONTROLROOM_STATE_DIR": str(tmp_path / "state"),
        "CONTROLROOM_CONFIG_DIR": str(tmp_path),
    }
    words = [sys.executable, "-m", "controlroom", "launch", "--read-only"]
    before = two.read_bytes()
    with Terminal([*words, "--context", "east", "--context", "west"], env, 120, 40) as room:
        room.until(r"bands · east", 90)
        room.until(r"web +1/2", 60)
        room.until(r"names no REDIS_URL", 60)
        room.send("x")
        room.until(r"bands · west", 60)
        room.until(r"web +2/2", 60)
        room.send("v")
        room.until(r"side by side +east +west +difference", 60)
        room.until(r"web ready +1 +2 +\+1", 60)
        room.send("\x1b")
        room.until_gone("side by side +east", 60)
        room.send("q")
        assert room.ended(60) == 0
    assert two.read_bytes() == before
