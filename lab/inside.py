"""Where things are for the programs of a cluster, in its own mount namespace."""

from __future__ import annotations

HOME = "/run/lab"
"""The cluster's folder; short, because sockets lie under it."""
PKI = f"{HOME}/pki"
ETC = f"{HOME}/etc"
CONTAINERD = "/run/containerd/containerd.sock"
VOLUMES = "/tmp/hostpath_pv"
"""Where Kubernetes' own host-path provisioner makes volumes; it knows no other folder."""
UPLINK = "lab-host"
"""The link to this machine, as the cluster sees it."""
JOIN = "lab-join"
"""The link to the other cluster, at both its ends."""
BRIDGE = "lab-pods"
PAUSE = "lab.local/pause:1"
