"""Keys and configuration files, by the real openssl, without root."""

from __future__ import annotations

import base64
import json
import ssl
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from lab import addons, components, files, pki
from lab.plan import ClusterPlan, plan

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClusterPlan, ...]:
    made = plan(5, 2, tmp_path_factory.mktemp("lab")).clusters
    for one in made:
        one.folder.mkdir()
        pki.make(one)
        files.write(one, [other for other in made if other is not one])
    return made


def _openssl(cluster: ClusterPlan, *words: str) -> str:
    done = subprocess.run(
        ["openssl", *words], cwd=cluster.pki, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_every_certificate_is_signed_and_fits_its_key(clusters: tuple[ClusterPlan, ...]) -> None:
    for one in pki.certificates(clusters[0]):
        certificate = f"{one.name}.crt"
        authority = f"{one.authority}.crt"
        assert "OK" in _openssl(clusters[0], "verify", "-CAfile", authority, certificate)
        public = _openssl(clusters[0], "x509", "-in", certificate, "-noout", "-pubkey")
        assert public == _openssl(clusters[0], "pkey", "-in", f"{one.name}.key", "-pubout")


def test_the_servers_names_are_in_their_certificates(clusters: tuple[ClusterPlan, ...]) -> None:
    text = _openssl(clusters[1], "x509", "-in", "apiserver.crt", "-noout", "-ext", "subjectAltName")
    wanted = (clusters[1].address, clusters[1].api_service, "kubernetes.default.svc", "localhost")
    assert [name for name in map(str, wanted) if name not in text] == []


def test_one_cluster_does_not_trust_the_other(clusters: tuple[ClusterPlan, ...]) -> None:
    foreign = clusters[1].pki / "admin.crt"
    done = subprocess.run(
        ["openssl", "verify", "-CAfile", clusters[0].pki / "ca.crt", foreign], capture_output=True
    )
    assert done.returncode != 0


def test_only_the_owner_reads_keys(clusters: tuple[ClusterPlan, ...]) -> None:
    keys = [*clusters[0].pki.glob("*.key"), *clusters[0].pki.glob("*.kubeconfig")]
    assert keys
    assert [key for key in keys if stat.S_IMODE(key.stat().st_mode) & 0o077] == []


def test_the_kubeconfig_holds_both_contexts_and_everything_they_need(
    clusters: tuple[ClusterPlan, ...], tmp_path: Path
) -> None:
    config = pki.kubeconfig([pki.admin_entry(cluster) for cluster in clusters])
    assert [context["name"] for context in config["contexts"]] == ["lab-a", "lab-b"]
    for number, entry in enumerate(config["users"]):
        for part in ("certificate", "key"):
            data = base64.b64decode(entry["user"][f"client-{part}-data"])
            (tmp_path / f"{number}.{part}").write_bytes(data)
        context = ssl.create_default_context()
        context.load_cert_chain(tmp_path / f"{number}.certificate", tmp_path / f"{number}.key")


def test_configuration_files_can_be_read(clusters: tuple[ClusterPlan, ...]) -> None:
    etc = clusters[0].folder / "etc"
    assert tomllib.loads((etc / "containerd.toml").read_text())["version"] == 2
    kubelet = yaml.safe_load((etc / "kubelet.yaml").read_text())
    assert kubelet["cgroupRoot"] == f"/{clusters[0].tag}"
    assert kubelet["clusterDNS"] == [str(clusters[0].dns)]


def test_each_program_comes_after_those_that_it_needs(clusters: tuple[ClusterPlan, ...]) -> None:
    seen: set[str] = set()
    for one in components.components(clusters[0]):
        assert set(one.needs) <= seen
        seen.add(one.name)


def test_orders_lead_to_the_other_cluster(clusters: tuple[ClusterPlan, ...]) -> None:
    orders = json.loads((clusters[0].folder / "orders.json").read_text())
    other = clusters[1]
    assert orders["join_routes"] == [
        [f"{other.address}/32", str(other.join)],
        [str(other.pods), str(other.join)],
        [str(other.services), str(other.join)],
    ]


def test_every_field_of_the_manifests_is_filled_in(clusters: tuple[ClusterPlan, ...]) -> None:
    objects = [o for o in yaml.safe_load_all(addons.manifests(clusters[0])) if o]
    assert {o["kind"] for o in objects} >= {"Deployment", "Service", "StorageClass"}
    images = [
        container["image"]
        for o in objects
        if o["kind"] == "Deployment"
        for container in o["spec"]["template"]["spec"]["containers"]
    ]
    assert images == ["lab.local/coredns:1", "lab.local/metrics-server:1"]
