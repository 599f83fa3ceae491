"""Kubernetes manifests, read into plain specs that the local stack can run.

The reader is strict: what it cannot honour it refuses, naming file and field. What it leaves
aside on purpose is listed in `stack.manifests.ignored`.
"""

from stack.manifests.loading import load
from stack.manifests.model import Manifests

__all__ = ["Manifests", "load"]
