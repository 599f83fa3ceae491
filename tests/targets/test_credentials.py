"""Credential plugins that run out, and API servers that are busy."""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import yaml

from controlroom.targets.abilities import Denied, Unreachable
from controlroom.targets.kubernetes import api as module
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import PODS
from tests.targets.control_plane import CONTEXT, TOKEN, ControlPlane, standing
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]

PLUGIN = """\
#!/bin/sh
echo asked >> {folder}/asked
printf '{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
 "status": {{"token": "%s"}}}}' "$(cat {folder}/token)"
"""


@pytest.fixture
async def by_plugin(
    plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Api]:
    """A context whose token a program gives; the token lies in the file `token`."""
    program = tmp_path / "plugin"
    program.write_text(PLUGIN.format(folder=tmp_path))
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    config = plane.config("")
    config["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(program),
            "interactiveMode": "Never",
        }
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    made = Api(CONTEXT)
    yield made
    await made.close()


async def test_a_plugin_is_asked_once_and_again_when_its_token_ran_out(
    by_plugin: Api, tmp_path: Path, plane: ControlPlane, namespace: str
) -> None:
    asked = tmp_path / "asked"
    (tmp_path / "token").write_text(TOKEN)
    await asyncio.gather(*(by_plugin.get(PODS.path(namespace)) for _ in range(5)))
    assert asked.read_text().count("asked") == 1
    plane.kubectl("create", "serviceaccount", "brief", "-n", namespace)
    short = plane.kubectl("create", "token", "brief", "-n", namespace).strip()
    (tmp_path / "token").write_text(short)
    worn = Api(CONTEXT)
    try:
        with pytest.raises(Denied, match="lacks the verb list on pods"):
            await worn.get(PODS.path(namespace))
        plane.kubectl("delete", "serviceaccount", "brief", "-n", namespace)
        (tmp_path / "token").write_text(TOKEN)
        before = asked.read_text().count("asked")

        async def listed() -> bool:
            try:
                return bool((await worn.get(PODS.path(namespace)))["items"] == [])
            except Denied:
                # the API server keeps what it knows of a token for some seconds
                return False

        await until(listed, "the new token is used", timeout=60, every=0.5)
        assert asked.read_text().count("asked") == before + 1
    finally:
        await worn.close()


async def test_a_plugin_that_fails_is_named_with_what_it_said(
    by_plugin: Api, tmp_path: Path
) -> None:
    plugin = tmp_path / "plugin"
    good = plugin.read_text()
    plugin.write_text("#!/bin/sh\necho log in first >&2\nexit 3\n")
    with pytest.raises(Denied, match=r"plugin gave nothing: .* 3.*log in first") as refused:
        await by_plugin.get("/version")
    assert "Log in as your cluster wants it" in refused.value.fix
    plugin.rename(tmp_path / "away")
    with pytest.raises(Denied, match=r"plugin gave nothing: .*No such file"):
        await by_plugin.get("/version")
    (tmp_path / "away").rename(plugin)
    plugin.write_text(good)
    (tmp_path / "token").write_text(TOKEN)
    assert (await by_plugin.get("/version"))["gitVersion"]


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server that takes one request at a time and answers 429 to all others."""
    more = (
        "--enable-priority-and-fairness=false",
        "--max-requests-inflight=1",
        "--max-mutating-requests-inflight=1",
    )
    with standing(tmp_path_factory.mktemp("narrow"), *more) as made:
        # requests of administrators are never refused, so somebody else has to ask
        made.kubectl("create", "serviceaccount", "many", "-n", "default")
        made.kubectl("create", "clusterrole", "lists", "--verb=list", "--resource=pods")
        role = ["--clusterrole=lists", "--serviceaccount=default:many"]
        made.kubectl("create", "clusterrolebinding", "many", *role)
        yield made


def refused(plane: ControlPlane) -> int:
    """Requests that the server has answered with 429."""
    metrics = plane.kubectl("get", "--raw", "/metrics")
    lines = re.findall(r'^apiserver_request_total\{[^}]*code="429"[^}]*\} (\d+)', metrics, re.M)
    dropped = re.findall(r"^apiserver_dropped_requests_total\{[^}]*\} (\d+)", metrics, re.M)
    return sum(map(int, [*lines, *dropped]))


async def test_a_busy_server_is_asked_again_when_it_wants_to_be(
    narrow: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = narrow.kubectl("create", "token", "many", "-n", "default").strip()
    own = narrow.write_kubeconfig(tmp_path / "config", token, "default")
    monkeypatch.setenv("KUBECONFIG", str(own))
    api = Api(CONTEXT)
    try:
        before = refused(narrow)

        async def one() -> bool:
            try:
                return bool((await api.get(PODS.path("default")))["items"] == [])
            except Unreachable:
                # who asked in vain four times asks again later
                return False

        answers = await asyncio.gather(*(one() for _ in range(24)))
        assert any(answers)
        assert refused(narrow) > before
        monkeypatch.setattr(module, "BUSY_TRIES", 0)
        told: list[str] = []

        async def once() -> None:
            try:
                await api.get(PODS.path("default"))
            except Unreachable as error:
                told.append(str(error))

        await asyncio.gather(*(once() for _ in range(24)))
        assert told
        assert all("The API server is busy or away (429)" in one for one in told)
    finally:
        await api.close()
