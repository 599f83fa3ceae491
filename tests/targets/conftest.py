"""An API server for the tests that need no running pod, and a context of it for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from controlroom.targets.kubernetes.api import Api
from tests.targets.control_plane import CONTEXT, ControlPlane, kubelab, standing


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """etcd and kube-apiserver, shared by all tests that leave it running.

    `CONTROLROOM_TEST_PLANE` names the folder of one that a developer keeps running.
    """
    kept = os.environ.get("CONTROLROOM_TEST_PLANE")
    if kept:
        config = yaml.safe_load((Path(kept) / "kubeconfig").read_text())
        port = urlsplit(config["clusters"][0]["cluster"]["server"]).port
        program = kubelab()
        assert port is not None
        assert program is not None
        yield ControlPlane(Path(kept), program, port)
        return
    with standing(tmp_path_factory.mktemp("plane")) as made:
        yield made


@pytest.fixture
def namespace(plane: ControlPlane) -> str:
    """A namespace of the test's own."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    plane.kubectl("create", "namespace", name)
    return name


@pytest.fixture
async def api(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """The administrator's connection."""
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    made = Api(CONTEXT)
    yield made
    await made.close()


@pytest.fixture
def own_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """One that a test may stop."""
    with standing(tmp_path / "plane") as made:
        yield made
