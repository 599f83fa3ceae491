"""Writes the configuration files of a cluster's programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from host.paths import private_dir, write_private
from lab.components import inside_orders
from lab.inside import BRIDGE, CONTAINERD, ETC, HOME, PAUSE, PKI
from lab.plan import DOMAIN, ClusterPlan

CNI_PROGRAMS = Path("/usr/lib/cni")
"""Where Debian's containernetworking-plugins are."""
FOLDERS = ("logs", "etc/cni", "etcd", "kubelet", "containerd", "cni", "pod-logs", "tmp")

_CONTAINERD = f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[plugins."io.containerd.internal.v1.opt"]
  path = "{HOME}/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  disable_apparmor = true
  disable_hugetlb_controller = true
  # Without CAP_SYS_RESOURCE runc may not lower the score and fails without a reason.
  restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{CNI_PROGRAMS}"
  conf_dir = "{ETC}/cni"

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
"""


def write(cluster: ClusterPlan, peers: Sequence[ClusterPlan]) -> None:
    """Writes everything but keys into the cluster's folder. Raises StackError."""
    for name in FOLDERS:
        private_dir(cluster.folder / name)
    # Programs of pods read their volumes' and temporary folders as their own users.
    (cluster.folder / "tmp").chmod(0o1777)
    etc = cluster.folder / "etc"
    write_private(etc / "containerd.toml", _CONTAINERD)
    write_private(etc / "cni" / "10-lab.conflist", json.dumps(_pod_network(cluster)))
    # Kubernetes reads YAML, of which JSON is a part.
    write_private(etc / "kubelet.yaml", json.dumps(_kubelet(cluster)))
    write_private(etc / "kube-proxy.yaml", json.dumps(_proxy(cluster)))
    # No name server: a pod's look-up beyond the cluster fails at once instead of waiting.
    write_private(etc / "resolv.conf", "")
    write_private(cluster.folder / "orders.json", json.dumps(inside_orders(cluster, peers)))


def _pod_network(cluster: ClusterPlan) -> Mapping[str, Any]:
    return {
        "cniVersion": "1.0.0",
        "name": "lab",
        "plugins": [
            {
                "type": "bridge",
                "bridge": BRIDGE,
                "isGateway": True,
                "ipMasq": False,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": str(cluster.pods)}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _kubelet(cluster: ClusterPlan) -> Mapping[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        # Kubelets of today refuse cgroup v1 unless they are configured to accept it.
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cluster.tag}",
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "volumePluginDir": f"{HOME}/flex-volumes",
        "clusterDNS": [str(cluster.dns)],
        "clusterDomain": DOMAIN,
        "resolvConf": f"{ETC}/resolv.conf",
        "tlsCertFile": f"{PKI}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{PKI}/kubelet-server.key",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{PKI}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "evictionHard": {
            "memory.available": "200Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
        # Images cannot be fetched again, so none is ever removed to make room.
        "imageGCHighThresholdPercent": 100,
        "nodeStatusUpdateFrequency": "5s",
    }


def _proxy(cluster: ClusterPlan) -> Mapping[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": f"{PKI}/proxy.kubeconfig"},
        "clusterCIDR": str(cluster.pods),
        "hostnameOverride": cluster.node,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        # These belong to the machine, and zero leaves them alone.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }
