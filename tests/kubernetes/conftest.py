"""An API server for the tests that need no running pod, and a context of it for each test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from controlroom.targets.kubernetes.api import Api
from tests.kubernetes.control_plane import CONTEXT, ControlPlane, kubelab


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """etcd and kube-apiserver, shared by all tests that leave it running."""
    program = kubelab()
    assert program is not None, "build the lab first: `controlroom lab up`"
    made = ControlPlane(tmp_path_factory.mktemp("plane"), program)
    try:
        made.up()
        yield made
    finally:
        made.down()


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
