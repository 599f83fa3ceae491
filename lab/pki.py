"""Keys, certificates and kubeconfigs of one cluster, made by openssl.

Who needs which certificate: "PKI certificates and requirements" in Kubernetes' documentation.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host.errors import StackError
from host.paths import private_dir, write_private
from lab.inside import PKI
from lab.plan import DOMAIN, ClusterPlan

DAYS = 365
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
ADMIN = "admin"
CA = "ca"
FRONT_CA = "front-proxy-ca"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate to be signed."""

    name: str
    subject: str
    names: tuple[str, ...] = ()
    """Subject alternative names as openssl writes them: `IP:…`, `DNS:…`."""
    authority: str = CA


def certificates(cluster: ClusterPlan) -> Sequence[Certificate]:
    """All that the programs of a cluster show to each other."""
    service = "kubernetes.default.svc"
    names = (
        *(f"IP:{address}" for address in (cluster.address, "127.0.0.1", cluster.api_service)),
        *(f"DNS:{name}" for name in ("localhost", "kubernetes", "kubernetes.default")),
        *(f"DNS:{name}" for name in (service, f"{service}.{DOMAIN}")),
    )
    node = (f"IP:{cluster.address}", f"DNS:{cluster.node}")
    return (
        Certificate("apiserver", "/CN=kube-apiserver", names),
        Certificate("apiserver-kubelet", "/O=system:masters/CN=apiserver-kubelet"),
        Certificate("front-proxy", "/CN=front-proxy", authority=FRONT_CA),
        Certificate("kubelet-server", f"/CN={cluster.node}", node),
        Certificate("kubelet", f"/O=system:nodes/CN=system:node:{cluster.node}"),
        Certificate("controller-manager", "/CN=system:kube-controller-manager"),
        Certificate("scheduler", "/CN=system:kube-scheduler"),
        Certificate("proxy", "/CN=system:kube-proxy"),
        Certificate(ADMIN, "/O=system:masters/CN=lab-admin"),
    )


USERS = ("kubelet", "controller-manager", "scheduler", "proxy")
"""Programs that speak to the API server with a kubeconfig."""


def make(cluster: ClusterPlan) -> None:
    """Makes all keys and certificates in the cluster's folder. Raises StackError."""
    folder = private_dir(cluster.pki)
    for name in (CA, FRONT_CA):
        _request(folder, name, f"/CN={cluster.name} {name}", ("CA:TRUE", "keyCertSign,cRLSign"), ())
    for one in certificates(cluster):
        signed = ("-CA", f"{one.authority}.crt", "-CAkey", f"{one.authority}.key")
        names = (f"subjectAltName={','.join(one.names)}",) if one.names else ()
        extensions = ("extendedKeyUsage=serverAuth,clientAuth", *names)
        use = ("CA:FALSE", "digitalSignature,keyEncipherment")
        _request(folder, one.name, one.subject, use, extensions, signed)
    _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sa.key")
    _openssl(folder, "ec", "-in", "sa.key", "-pubout", "-out", "sa.pub")
    for user in USERS:
        files = {
            "client-certificate": f"{PKI}/{user}.crt",
            "client-key": f"{PKI}/{user}.key",
        }
        authority = {"certificate-authority": f"{PKI}/{CA}.crt"}
        body = kubeconfig([_entry(cluster, authority, files)])
        write_private(folder / f"{user}.kubeconfig", json.dumps(body))


def admin_entry(cluster: ClusterPlan) -> Mapping[str, Any]:
    """The administrator's entry for `kubeconfig`, with everything in it. Raises OSError."""

    def data(name: str) -> str:
        return base64.b64encode((cluster.pki / name).read_bytes()).decode()

    return _entry(
        cluster,
        {"certificate-authority-data": data(f"{CA}.crt")},
        {
            "client-certificate-data": data(f"{ADMIN}.crt"),
            "client-key-data": data(f"{ADMIN}.key"),
        },
    )


def kubeconfig(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A kubeconfig of these entries; the first is the current context."""

    def named(kind: str) -> list[dict[str, Any]]:
        return [{"name": entry["name"], kind: entry[kind]} for entry in entries]

    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": named("cluster"),
        "users": named("user"),
        "contexts": named("context"),
        "current-context": entries[0]["name"] if entries else "",
    }


def _entry(
    cluster: ClusterPlan, authority: Mapping[str, str], user: Mapping[str, str]
) -> Mapping[str, Any]:
    return {
        "name": cluster.name,
        "cluster": {"server": cluster.server, **authority},
        "user": dict(user),
        "context": {"cluster": cluster.name, "user": cluster.name},
    }


def _request(
    folder: Path,
    name: str,
    subject: str,
    use: tuple[str, str],
    extensions: Sequence[str],
    signed: Sequence[str] = (),
) -> None:
    constraints, key_usage = use
    added = (
        f"basicConstraints=critical,{constraints}",
        f"keyUsage=critical,{key_usage}",
        *extensions,
    )
    words = [word for extension in added for word in ("-addext", extension)]
    files = ("-keyout", f"{name}.key", "-out", f"{name}.crt")
    how = ("-x509", "-days", str(DAYS), *CURVE, *signed)
    _openssl(folder, "req", *how, *files, "-subj", subject, *words)


def _openssl(folder: Path, *words: str) -> None:
    fix = "Install the package openssl, 3.0 or later."
    try:
        done = subprocess.run(
            ["openssl", *words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            umask=0o077,
        )
    except OSError as error:
        raise StackError(f"openssl cannot be run: {error.strerror}.", fix) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise StackError(f"openssl {words[0]} failed: {said[-1] if said else 'no reason'}", fix)
