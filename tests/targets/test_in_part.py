"""A cluster of which a part cannot be seen: the part that can is shown, and it is no success."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controlroom.cli.entrance import enter
from controlroom.commands.exits import Exit
from tests.targets.control_plane import CONTEXT, TOKEN, ControlPlane

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]
URLS = {
    "INGRESS_URL": "http://127.0.0.1:8", "KAFKA_BOOTSTRAP": "127.0.0.1:9",
    "PROMETHEUS_URL": "http://127.0.0.1:7", "REDIS_URL": "redis://127.0.0.1:6",
    "MONGO_URL": "mongodb://127.0.0.1:5",
}  # fmt: skip


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder and a config folder of the test's own."""
    monkeypatch.setenv("CONTROLROOM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(tmp_path / "config"))


def enters(plane: ControlPlane, own: Path, token: str, namespace: str,
           monkeypatch: pytest.MonkeyPatch, *words: str) -> int:  # fmt: skip
    """The exit code of a command line, by the account of that token."""
    monkeypatch.setenv("KUBECONFIG", str(plane.write_kubeconfig(own, token, namespace)))
    return enter([*words, "--context", CONTEXT, "--namespace", namespace, "--json"])


def account(plane: ControlPlane, namespace: str, verbs: str, resources: str) -> str:
    """The token of one that may do that and nothing else."""

    def create(*words: str) -> str:
        return plane.kubectl("create", *words, "-n", namespace)

    create("serviceaccount", "half")
    create("role", "half", f"--verb={verbs}", f"--resource={resources}")
    create("rolebinding", "half", "--role=half", f"--serviceaccount={namespace}:half")
    return create("token", "half").strip()


def test_status_of_kinds_that_may_not_be_read(
    plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    plane.kubectl("create", "deployment", "web", "--image=web", "-n", namespace)
    token = account(plane, namespace, "list,watch", "deployments.apps,pods")
    args = (plane, tmp_path / "half", token, namespace, monkeypatch)
    assert enters(*args, "status") == Exit.FAILED
    said = capsys.readouterr()
    seen = json.loads(said.out)
    assert [one["name"] for one in seen["deployments"]] == ["web"]
    assert any("horizontalpodautoscalers" in note for note in seen["notes"])
    assert said.err == f"controlroom: {CONTEXT} is seen in part.\n"
    args = (plane, tmp_path / "whole", TOKEN, namespace, monkeypatch)
    assert enters(*args, "status") == Exit.OK


@pytest.mark.parametrize(
    ("without", "missing", "code"),
    [
        ((), [], Exit.OK),
        (("REDIS_URL", "MONGO_URL"), [], Exit.OK),
        (("PROMETHEUS_URL",), ["prometheus"], Exit.FAILED),
        (("secrets",), ["redis", "mongo"], Exit.FAILED),
    ],
    ids=["whole", "one side of two", "no Prometheus", "no right"],
)
def test_endpoints_of_which_one_is_missing(
    without: tuple[str, ...], missing: list[str], code: Exit, plane: ControlPlane, namespace: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    data = [f"--from-literal={name}={url}" for name, url in URLS.items() if name not in without]
    plane.kubectl("create", "configmap", "endpoints", "-n", namespace, *data)
    token = TOKEN
    if "secrets" in without:
        token = account(plane, namespace, "get,list", "configmaps,services")
    args = (plane, tmp_path / "own", token, namespace, monkeypatch)
    assert enters(*args, "endpoints") == code
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert [name for name in ("ingress", "kafka") if not found[name]] == []
    told = f"controlroom: missing: {', '.join(missing)}.\n" if missing else ""
    assert said.err == told
