"""haproxy: what a Service and an ingress are in a cluster."""

from stack.engines.haproxy.server import Haproxy, HaproxyKind

__all__ = ["ENGINE", "Haproxy"]

ENGINE = HaproxyKind()
