"""Reads a folder of manifests and checks that its parts fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from host.errors import StackError
from stack.manifests import network, scaled, workloads
from stack.manifests.model import Autoscaler, Deployment, Manifests, Route, Service
from stack.manifests.node import Node
from wire.keys import PARTITIONS

KUSTOMIZATION = "kustomization.yaml"
_VERSIONS = {
    "Deployment": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "ScaledObject": "keda.sh/v1alpha1",
    "Service": "v1",
    "ConfigMap": "v1",
    "PersistentVolumeClaim": "v1",
    "Namespace": "v1",
    "Ingress": "networking.k8s.io/v1",
}


def load(folder: Path, *added: Path) -> Manifests:
    """Everything of the folder, by its kustomization where there is one, and of those added to it.

    Of kustomizations resources, components and the namespace are known, patches are not.
    Raises StackError with file and field for what the local stack cannot honour.
    """
    gathered = _Gathered()
    for place in (folder, *added):
        files, namespace = _files(place)
        gathered.namespace = namespace or gathered.namespace
        for file in files:
            for document in documents(file):
                _take(Node(document, file.name, ""), gathered)
    return gathered.checked()


def documents(file: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file that hold something."""
    try:
        found = [item for item in yaml.safe_load_all(file.read_text()) if item is not None]
    except OSError as error:
        raise StackError(f"{file}: {error.strerror}.", "Look at that path.", "refused") from error
    except yaml.YAMLError as error:
        message = " ".join(str(error).split())
        raise StackError(f"{file}: {message}.", "Fix the YAML.", "refused") from error
    for item in found:
        Node(item, file.name, "").mapping()
    return found


class _Gathered:
    def __init__(self) -> None:
        self.namespace = "default"
        self.deployments: dict[str, Deployment] = {}
        self.services: dict[str, Service] = {}
        self.autoscalers: dict[str, Autoscaler] = {}
        self.routes: list[Route] = []
        self.config_maps: dict[str, dict[str, str]] = {}
        self.claims: list[str] = []
        self.taken: set[tuple[str, str]] = set()

    def scale(self, node: Node, scaler: Autoscaler) -> None:
        if scaler.deployment in self.autoscalers:
            raise node.refuse(
                f"{scaler.deployment} has an autoscaler already.",
                "Keep either its HorizontalPodAutoscaler or its ScaledObject.",
            )
        if scaler.lag is not None and scaler.maximum > PARTITIONS:
            raise (
                node.at("spec")
                .at("maxReplicaCount")
                .refuse(
                    f"{scaler.maximum} consumers cannot share the {PARTITIONS} partitions of the "
                    "events topic.",
                    f"Ask for {PARTITIONS} at most, or raise PARTITIONS in wire/keys.py.",
                )
            )
        self.autoscalers[scaler.deployment] = scaler

    def checked(self) -> Manifests:
        for name in self.autoscalers:
            if name not in self.deployments:
                raise _loose(f"The autoscaler of {name} names no Deployment of the folder.")
        for route in self.routes:
            service = self.services.get(route.service)
            ports = (
                [x for port in service.ports for x in (port.name, port.number)] if service else []
            )
            if route.port not in ports:
                raise _loose(
                    f"The Ingress sends {route.path} to {route.service} port {route.port}, "
                    "which no Service of the folder has."
                )
        for deployment in self.deployments.values():
            self._check_claims(deployment)
        return Manifests(
            self.namespace,
            self.deployments,
            self.services,
            self.autoscalers,
            tuple(self.routes),
            self.config_maps,
            tuple(self.claims),
        )

    def _check_claims(self, deployment: Deployment) -> None:
        for volume in deployment.template.volumes:
            if volume.claim and volume.claim not in self.claims:
                raise _loose(
                    f"{deployment.name} mounts the claim {volume.claim}, which is missing."
                )


def _loose(message: str) -> StackError:
    return StackError(message, "Make the manifests fit together.", "refused")


def _files(folder: Path) -> tuple[list[Path], str]:
    """The manifest files and the namespace; folders that a kustomization names are followed."""
    kustomization = folder / KUSTOMIZATION
    if not kustomization.exists():
        files = sorted(folder.glob("*.yaml"))
        if not files:
            raise StackError(f"{folder} holds no manifests.", "Name another folder.", "refused")
        return files, ""
    node = Node(documents(kustomization)[0], f"{folder.name}/{kustomization.name}", "")
    node.only("apiVersion", "kind", "namespace", "resources", "components")
    found: list[Path] = []
    namespace = node.at("namespace").text("")
    for name in node.at("resources").texts() + node.at("components").texts():
        if not (folder / name).is_dir():
            found.append(folder / name)
            continue
        files, inner = _files((folder / name).resolve())
        found += files
        namespace = namespace or inner
    return found, namespace


def _take(node: Node, gathered: _Gathered) -> None:
    kind = node.at("kind").text()
    if kind not in _VERSIONS:
        raise node.at("kind").refuse(f"{kind} is not known here.")
    if node.at("apiVersion").text() != _VERSIONS[kind]:
        raise node.at("apiVersion").refuse(f"{kind} is read as {_VERSIONS[kind]} only.")
    node.only(
        "apiVersion", "kind", "metadata", "data" if kind == "ConfigMap" else "spec", place=kind
    )
    name = node.at("metadata").only("name", "labels", place="metadata").at("name").text()
    if (kind, name) in gathered.taken:
        raise node.at("metadata").at("name").refuse(f"there is a {kind} {name} already.")
    gathered.taken.add((kind, name))
    if kind == "Deployment":
        gathered.deployments[name] = workloads.deployment(node)
    elif kind == "HorizontalPodAutoscaler":
        gathered.scale(node, workloads.autoscaler(node))
    elif kind == "ScaledObject":
        gathered.scale(node, scaled.scaled_object(node))
    elif kind == "Service":
        gathered.services[name] = network.service(node)
    elif kind == "Ingress":
        gathered.routes.extend(network.routes(node))
    elif kind == "ConfigMap":
        gathered.config_maps[name] = node.at("data").labels()
    elif kind == "PersistentVolumeClaim":
        node.at("spec").only(place="PersistentVolumeClaim.spec")
        gathered.claims.append(name)
