"""`controlroom doctor --context`: every check with its fix, on a real API server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.doctor.rights import rights_of
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, SERVICE_ACCOUNTS
from tests.targets.control_plane import CONTEXT, ControlPlane

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]

LOOKING = ("get", "list", "watch")
RBAC = Path(__file__).parents[2] / "k8s" / "components" / "rbac"


def doctor(config: Path, namespace: str, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code, and the checks by their names."""
    where = ["--context", CONTEXT, "--namespace", namespace]
    done = subprocess.run(
        [sys.executable, "-m", "controlroom", "doctor", "--json", *where, *words],
        env={**os.environ, "KUBECONFIG": str(config)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout, done.stderr
    checks = json.loads(done.stdout)
    assert {one["context"] for one in checks} == {CONTEXT}
    assert all(one["fix"] for one in checks if not one["ok"])
    return done.returncode, {one["name"]: one for one in checks}


async def test_what_lacks_is_named_with_its_fix(
    plane: ControlPlane, api: Api, namespace: str
) -> None:
    code, found = doctor(plane.kubeconfig, namespace)
    assert code == 1
    good = {name for name, check in found.items() if check["ok"]}
    assert good == {"api server", "rights to look", "rights to act"}
    assert "Kubernetes v1." in found["api server"]["message"]
    assert "controlroom deploy" in found["deployed"]["fix"]
    assert "metrics-server" in found["pod metrics"]["fix"]
    assert "no ServiceAccount controlroom-faults" in found["faults"]["message"]
    data = {"SCENARIO": "bands", "PROMETHEUS_URL": "http://127.0.0.1:1"}
    await api.create(CONFIG_MAPS.path(namespace), {"metadata": {"name": "endpoints"}, "data": data})
    account = {"metadata": {"name": "controlroom-faults"}}
    await api.create(SERVICE_ACCOUNTS.path(namespace), account)
    _, found = doctor(plane.kubeconfig, namespace)
    told = found["deployed"]["message"]
    assert told.startswith(f"bands in namespace {namespace}, without KAFKA_BOOTSTRAP")
    assert "http://127.0.0.1:1 does not answer" in found["prometheus"]["message"]
    assert found["faults"]["ok"]


async def test_missing_rights_are_named_for_the_account_that_lacks_them(
    plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    for role in ("viewer", "operator"):
        plane.kubectl("apply", "-f", "-", stdin=(RBAC / f"{role}.yaml").read_text())
    plane.kubectl("create", "serviceaccount", "somebody", "-n", namespace)
    token = plane.kubectl("create", "token", "somebody", "-n", namespace).strip()
    own = plane.write_kubeconfig(tmp_path / "config", token, namespace)
    _, found = doctor(own, namespace)
    assert found["rights to look"]["message"].startswith(f"missing in {namespace}: get pods")
    assert "lacks the verb get on configmaps" in found["deployed"]["message"]
    binding = ["--clusterrole=controlroom-viewer", f"--serviceaccount={namespace}:somebody"]
    plane.kubectl("create", "rolebinding", "looks", *binding, "-n", namespace)
    _, found = doctor(own, namespace)
    assert found["rights to look"]["ok"]
    assert not found["rights to act"]["ok"]
    assert "patch deployments.apps" in found["rights to act"]["message"]
    assert "--read-only" in found["rights to act"]["fix"]
    _, found = doctor(own, namespace, "--read-only")
    assert "rights to act" not in found


def test_a_cluster_that_does_not_answer_is_one_fault(tmp_path: Path, plane: ControlPlane) -> None:
    config = plane.config("x")
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    code, found = doctor(path, "default")
    assert code == 1
    assert set(found) == {"api server"}
    assert "cannot be reached" in found["api server"]["message"]


def test_the_rights_are_those_of_the_shipped_roles() -> None:
    told = {str(right) for right in rights_of("operator")}
    assert {"patch deployments.apps/scale", "create jobs.batch", "delete pods"} <= told
    assert {right.name for right in rights_of("viewer")} == {"", "stores-viewer", "kafka-viewer"}
    assert not [right for right in rights_of("viewer") if right.verb not in LOOKING]
