"""What the local stack cannot honour it refuses, naming file and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.errors import StackError
from stack.manifests import load
from stack.manifests.ignored import IGNORED

GOOD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: main
          image: x
          command: [python, -m, http.server]
          ports: [{name: admin, containerPort: 9090}]
          readinessProbe: {httpGet: {path: /, port: admin}}
          resources: {requests: {cpu: 250m, memory: 64Mi}, limits: {memory: 1Gi}}
          lifecycle: {preStop: {sleep: {seconds: 1}}}
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "web.yaml").write_text(text)
    return tmp_path


def test_the_good_one_is_read(tmp_path: Path) -> None:
    web = load(folder_with(tmp_path, GOOD)).deployments["web"]
    main = web.template.containers[0]
    assert (web.replicas, main.cpu_request, main.pre_stop_sleep) == (2, 0.25, 1.0)
    assert main.readiness is not None
    assert main.readiness.port == 9090


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("httpGet: {path: /, port: admin}", "exec: {command: [ls]}", "readinessProbe.exec"),
        ("httpGet: {path: /, port: admin}", "grpc: {port: 9090}", "readinessProbe.grpc"),
        ("port: admin}}", "port: metrics}}", "readinessProbe.httpGet.port"),
        ("port: admin}}", "port: admin, host: x}}", "readinessProbe.httpGet.host"),
        ("sleep: {seconds: 1}", "exec: {command: [ls]}", "lifecycle.preStop.exec"),
        ("command: [python, -m, http.server]", "args: [x]", "containers[0].command"),
        ("replicas: 2", "replicas: two", "spec.replicas"),
        ("replicas: 2", "paused: true", "spec.paused"),
        ("cpu: 250m", "cpu: much", "requests.cpu"),
        ("matchLabels: {app: web}", "matchLabels: {app: other}", "selector.matchLabels.app"),
        ("      containers:", "      initContainers: []\n      containers:", "initContainers"),
        ("kind: Deployment", "kind: StatefulSet", "kind"),
        ("apps/v1", "apps/v1beta1", "apiVersion"),
        ("    spec:", "    spec:\n      hostNetwork: true", "hostNetwork"),
    ],
)
def test_a_field_that_cannot_be_honoured_is_named(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    assert old in GOOD
    with pytest.raises(StackError) as caught:
        load(folder_with(tmp_path, GOOD.replace(old, new, 1)))
    assert "web.yaml" in caught.value.message
    assert field in caught.value.message
    assert caught.value.fix
    assert caught.value.kind == "refused"


def test_broken_yaml_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"web\.yaml.*line 2"):
        load(folder_with(tmp_path, "a: 1\n b: : 2\n"))


def test_every_ignored_field_has_a_reason() -> None:
    assert all(reason for place in IGNORED.values() for reason in place.values())
