"""The list of pods that Prometheus scrapes, with the labels that a mesh's collector would add."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from host.paths import private_dir, write_private
from stack.pods.pod import Pod

ADMIN = "admin"
"""Container ports whose name begins so serve /metrics."""

BALANCER = {"job": "haproxy", "__param_scope": "frontend", "__scrape_interval__": "5s"}
"""What the doors took, now and then: the rest of its page is 1,100 series that nobody asks for,
three quarters of all that there is to scrape."""


class TargetsFile:
    """A file_sd list; written only when it changes."""

    def __init__(self, folder: Path, namespace: str) -> None:
        self._file = folder / "stack.json"
        self._namespace = namespace
        self._written = ""

    def write(self, pods: Iterable[Pod], haproxy: str) -> None:
        """Lists these pods and the balancer's own page."""
        groups = [self._group(pod, name, port) for pod in pods for name, port in _admin_ports(pod)]
        groups.append({"targets": [haproxy], "labels": BALANCER})
        text = json.dumps(groups, indent=1)
        if text != self._written:
            private_dir(self._file.parent)
            write_private(self._file, text, lasting=False)
            self._written = text

    def _group(self, pod: Pod, container: str, port: int) -> dict[str, Any]:
        labels = {
            "namespace": self._namespace,
            "deployment": pod.deployment,
            "pod": pod.name,
            "container": container,
        }
        return {"targets": [f"127.0.0.1:{port}"], "labels": labels}


def _admin_ports(pod: Pod) -> list[tuple[str, int]]:
    return [
        (container.name, port)
        for container in pod.containers
        for name, port in container.ports.items()
        if name.startswith(ADMIN)
    ]
