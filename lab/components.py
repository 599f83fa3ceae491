"""The programs of a cluster: arguments, what each waits for, how it is known to serve.

Arguments that are not the defaults: no fsync in etcd, because a lab's data is thrown away; no
leader election, because there is one of each; an autoscaler that looks every 5 s instead of 15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lab.inside import CONTAINERD, ETC, HOME, JOIN, PKI, UPLINK, VOLUMES
from lab.plan import DOMAIN, ClusterPlan

ETCD = "http://127.0.0.1:2379"
RUNTIME = "containerd"
API = "kube-apiserver"


@dataclass(frozen=True, slots=True)
class Component:
    """One program."""

    name: str
    argv: tuple[str, ...]
    ready: str
    """A URL that answers 200, or `unix:` with the path of a socket that takes connections."""
    needs: tuple[str, ...] = ()


def components(cluster: ClusterPlan) -> Sequence[Component]:
    """All of them, in an order in which each follows those that it needs."""
    return (
        Component("etcd", _etcd(), f"{ETCD}/health"),
        Component(RUNTIME, (RUNTIME, "--config", f"{ETC}/containerd.toml"), f"unix:{CONTAINERD}"),
        Component(API, _apiserver(cluster), "https://127.0.0.1:6443/readyz", ("etcd",)),
        Component(
            "kube-controller-manager", _controllers(), "https://127.0.0.1:10257/healthz", (API,)
        ),
        Component("kube-scheduler", _scheduler(), "https://127.0.0.1:10259/healthz", (API,)),
        Component("kubelet", _kubelet(cluster), "http://127.0.0.1:10248/healthz", (API, RUNTIME)),
        Component("kube-proxy", _proxy(), "http://127.0.0.1:10256/healthz", (API,)),
    )


def names(cluster: ClusterPlan) -> tuple[str, ...]:
    """What `lab restart` knows."""
    return tuple(component.name for component in components(cluster))


def inside_orders(cluster: ClusterPlan, peers: Sequence[ClusterPlan]) -> Mapping[str, Any]:
    """What the first process of the cluster is told, as JSON."""
    return {
        "hostname": cluster.node,
        "home": HOME,
        "uplink": UPLINK,
        "address": f"{cluster.address}/{cluster.link.prefixlen}",
        "gateway": str(cluster.gateway),
        "join": JOIN,
        "join_address": f"{cluster.join}/30",
        "join_routes": [
            [str(network), str(peer.join)] for peer in peers for network in peer.joined
        ],
        "volumes": VOLUMES,
        "components": [asdict(component) for component in components(cluster)],
    }


def _etcd() -> tuple[str, ...]:
    return (
        "etcd",
        f"--data-dir={HOME}/etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--log-level=warn",
    )


def _apiserver(cluster: ClusterPlan) -> tuple[str, ...]:
    extra = "X-Remote-Extra-"
    return (
        API,
        f"--etcd-servers={ETCD}",
        f"--service-cluster-ip-range={cluster.services}",
        "--secure-port=6443",
        f"--advertise-address={cluster.address}",
        f"--tls-cert-file={PKI}/apiserver.crt",
        f"--tls-private-key-file={PKI}/apiserver.key",
        f"--client-ca-file={PKI}/ca.crt",
        f"--kubelet-client-certificate={PKI}/apiserver-kubelet.crt",
        f"--kubelet-client-key={PKI}/apiserver-kubelet.key",
        f"--kubelet-certificate-authority={PKI}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
        f"--service-account-key-file={PKI}/sa.pub",
        f"--service-account-signing-key-file={PKI}/sa.key",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--profiling=false",
        f"--requestheader-client-ca-file={PKI}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        f"--requestheader-extra-headers-prefix={extra}",
        f"--proxy-client-cert-file={PKI}/front-proxy.crt",
        f"--proxy-client-key-file={PKI}/front-proxy.key",
        "--enable-aggregator-routing=true",
    )


def _controllers() -> tuple[str, ...]:
    return (
        "kube-controller-manager",
        *_identities("controller-manager"),
        "--bind-address=127.0.0.1",
        f"--service-account-private-key-file={PKI}/sa.key",
        f"--root-ca-file={PKI}/ca.crt",
        f"--cluster-signing-cert-file={PKI}/ca.crt",
        f"--cluster-signing-key-file={PKI}/ca.key",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--enable-hostpath-provisioner=true",
        f"--flex-volume-plugin-dir={HOME}/flex-volumes",
        "--profiling=false",
    )


def _scheduler() -> tuple[str, ...]:
    return (
        "kube-scheduler",
        *_identities("scheduler"),
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--profiling=false",
    )


def _identities(user: str) -> tuple[str, ...]:
    """The same identity for asking, and for asking who asks."""
    path = f"{PKI}/{user}.kubeconfig"
    return (
        f"--kubeconfig={path}",
        f"--authentication-kubeconfig={path}",
        f"--authorization-kubeconfig={path}",
    )


def _kubelet(cluster: ClusterPlan) -> tuple[str, ...]:
    return (
        "kubelet",
        f"--config={ETC}/kubelet.yaml",
        f"--kubeconfig={PKI}/kubelet.kubeconfig",
        f"--node-ip={cluster.address}",
        f"--hostname-override={cluster.node}",
    )


def _proxy() -> tuple[str, ...]:
    return ("kube-proxy", f"--config={ETC}/kube-proxy.yaml")
