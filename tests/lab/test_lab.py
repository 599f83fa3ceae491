"""Two real clusters: they serve, are joined, can be cut and hurt, and touch nothing of others."""

from __future__ import annotations

import ipaddress
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.archive import write_archive, write_layer
from tests.own_lab import OwnLab
from tests.waiting import until

pytestmark = pytest.mark.clusters

CONTEXTS = ("lab-a", "lab-b")
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: own}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 10Mi}}}
"""
DIAL = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()"


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_node_is_ready_and_every_program_serves(lab: OwnLab, context: str) -> None:
    node = lab.get(context, "nodes")["items"][0]
    conditions = {one["type"]: one["status"] for one in node["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    programs = _cluster(lab, context)["programs"]
    assert {name for name, one in programs.items() if not one["ready"]} == set()
    assert "kube-apiserver" in programs


@pytest.mark.parametrize("context", CONTEXTS)
async def test_metrics_of_pods_are_served(lab: OwnLab, context: str) -> None:
    """The autoscaler's figures come within two rounds of the server that collects them."""

    def measured() -> bool:
        path = "/apis/metrics.k8s.io/v1beta1/namespaces/kube-system/pods"
        found = json.loads(lab.kubectl(context, "get", "--raw", path))
        return {"coredns", "metrics-server"} <= {
            one["metadata"]["labels"]["k8s-app"].replace("kube-dns", "coredns")
            for one in found["items"]
        }

    await until(measured, "metrics of all pods", timeout=60, every=1)


async def test_a_claim_gets_a_volume_that_any_user_can_write(lab: OwnLab) -> None:
    lab.kubectl("lab-a", "apply", "-f", "-", text=CLAIM)

    def bound() -> Any:
        claim = lab.get("lab-a", "pvc", "own")
        return claim["spec"].get("volumeName") if claim["status"]["phase"] == "Bound" else None

    name = await until(bound, "the claim is bound", timeout=60, every=0.5)
    place = Path(lab.get("lab-a", "pv", name)["spec"]["hostPath"]["path"])
    here = lab.state / "lab" / "a" / "tmp" / place.relative_to("/tmp")
    await until(lambda: here.stat().st_mode & 0o777 == 0o777, "the volume is open to all")
    lab.kubectl("lab-a", "delete", "pvc", "own")
    await until(lambda: not here.exists(), "the volume is gone with its claim", timeout=60)


def test_restricted_pod_security_is_enforced(lab: OwnLab) -> None:
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "strict",
            "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        },
    }
    lab.kubectl("lab-a", "apply", "-f", "-", text=json.dumps(namespace))
    refused = pytest.raises(AssertionError, match="violates PodSecurity")
    with refused:
        lab.kubectl("lab-a", "-n", "strict", "run", "root", "--image=lab.local/pause:1")


async def test_a_cut_link_parts_the_clusters_and_a_mended_one_joins_them(lab: OwnLab) -> None:
    """Asked from within a pod of the one cluster, at a service of the other."""
    service = lab.get("lab-b", "-n", "kube-system", "service", "kube-dns")["spec"]["clusterIP"]
    pod = _pod_process(lab, "lab-a", "coredns")
    node = _cluster(lab, "lab-b")["address"]
    assert _reaches(pod, service)
    assert _reaches(pod, node, 10250)
    lab.cut()
    try:
        assert lab.lab_status()["joined"] is False
        assert not _reaches(pod, service)
        assert not _reaches(pod, node, 10250)
        own = lab.get("lab-a", "-n", "kube-system", "service", "kube-dns")["spec"]["clusterIP"]
        assert _reaches(pod, own)
    finally:
        lab.mend()
    await until(lambda: _reaches(pod, service), "the other cluster answers again")
    assert lab.lab_status()["joined"] is True


def test_the_link_to_this_machine_carries_nobody_elses_packets(lab: OwnLab) -> None:
    """Another of this machine's addresses stands for another machine."""
    own, foreign = (_gateway(lab, context) for context in CONTEXTS)
    pod = _pod_process(lab, "lab-a", "coredns")
    with socket.create_server(("", 0)) as here:
        port = here.getsockname()[1]
        assert _reaches(pod, own, port)
        assert not _reaches(pod, foreign, port)
    node = (_cluster(lab, "lab-a")["address"], 6443)
    socket.create_connection(node, 5, (own, 0)).close()
    with pytest.raises(TimeoutError):
        socket.create_connection(node, 2, (foreign, 0))


@pytest.mark.parametrize("how", [(), ("--kill",)], ids=["asked", "killed"])
@pytest.mark.parametrize("program", ["kubelet", "apiserver"])
def test_a_program_that_ends_is_started_again(
    lab: OwnLab, program: str, how: tuple[str, ...]
) -> None:
    name = {"apiserver": "kube-apiserver"}.get(program, program)
    before = _cluster(lab, "lab-b")["programs"][name]
    pods = _containers(lab)
    lab.lab("restart", program, "--cluster", "b", *how)
    after = _cluster(lab, "lab-b")["programs"][name]
    assert after["pid"] != before["pid"]
    assert after["restarts"] == before["restarts"] + 1
    assert _containers(lab) == pods


def test_an_image_from_a_file_can_be_run(lab: OwnLab, tmp_path: Path) -> None:
    layer, archive = tmp_path / "layer.tar", tmp_path / "image.tar"
    write_layer(layer, [("note", b"of the test", 0o644)])
    write_archive(archive, "lab.local/own:1", [layer], {"User": "65535"})
    lab.lab("load-image", str(archive), "--cluster", "b")
    nodes = {c: lab.get(c, "nodes")["items"][0] for c in CONTEXTS}
    assert "lab.local/own:1" in _runtime_images(lab, "lab-b")
    assert "lab.local/own:1" not in _runtime_images(lab, "lab-a")
    assert all(node["status"]["nodeInfo"]["containerRuntimeVersion"] for node in nodes.values())


def test_up_once_more_changes_nothing(lab: OwnLab) -> None:
    before = lab.lab_status()
    said = lab.lab("up")
    after = lab.lab_status()
    assert "up already" in said.err
    assert "is root on this machine" in said.err
    assert [c["init"] for c in after["clusters"]] == [c["init"] for c in before["clusters"]]
    refused = lab.lab("up", "--clusters", "1", check=False)
    assert refused.code == 4
    assert "lab down" in refused.err


def test_the_kubeconfig_is_the_labs_own(lab: OwnLab) -> None:
    path = Path(lab.lab("kubeconfig").out.strip())
    assert path == lab.kubeconfig
    assert path.stat().st_mode & 0o077 == 0
    assert [one["name"] for one in json.loads(path.read_text())["contexts"]] == list(CONTEXTS)
    assert path.is_relative_to(lab.state)


def _cluster(lab: OwnLab, context: str) -> Any:
    return next(c for c in lab.lab_status()["clusters"] if c["context"] == context)


def _containers(lab: OwnLab) -> set[str]:
    """Ids of the running containers of the second cluster."""
    pods = lab.get("lab-b", "-n", "kube-system", "pods")["items"]
    return {one["containerID"] for pod in pods for one in pod["status"]["containerStatuses"]}


def _pod_process(lab: OwnLab, context: str, name: str) -> int:
    """A process of that name in a container of that cluster, as this machine numbers it."""
    init = _cluster(lab, context)["init"]
    space = Path(f"/proc/{init}/ns/mnt").readlink()
    assert space
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            inside = _descends(int(comm.parent.name), init)
            if comm.read_text().strip() == name and inside:
                return int(comm.parent.name)
        except OSError:
            continue
    raise AssertionError(f"no process {name} in {context}")


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


def _gateway(lab: OwnLab, context: str) -> str:
    """This machine's end of the link to that cluster."""
    return str(ipaddress.IPv4Address(_cluster(lab, context)["address"]) - 1)


def _reaches(pod: int, address: str, port: int = 53) -> bool:
    enter = ["nsenter", "--target", str(pod), "--net", "--"]
    dial = [sys.executable, "-I", "-c", DIAL, address, str(port)]
    done = subprocess.run([*enter, *dial], capture_output=True)
    return done.returncode == 0


def _runtime_images(lab: OwnLab, context: str) -> str:
    init = _cluster(lab, context)["init"]
    enter = ["nsenter", "--target", str(init), "--mount", "--"]
    runtime = "/run/containerd/containerd.sock"
    ask = ["ctr", "--address", runtime, "--namespace", "k8s.io", "images", "list", "-q"]
    done = subprocess.run([*enter, *ask], capture_output=True, text=True, check=True)
    return done.stdout
