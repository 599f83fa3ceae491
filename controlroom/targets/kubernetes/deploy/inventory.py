"""What a deployment has made, kept in the cluster beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from controlroom.targets.kubernetes.api import APPLY, Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, Json

MANAGER = "controlroom"
MANAGED_BY = "app.kubernetes.io/managed-by"
OVERLAY = "controlroom/overlay"
ORDER = (
    "Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass", "ServiceAccount",
    "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ConfigMap", "Secret",
    "PersistentVolume", "PersistentVolumeClaim", "Service", "NetworkPolicy",
    "PodDisruptionBudget", "StatefulSet", "DaemonSet", "Deployment", "Job", "CronJob",
    "HorizontalPodAutoscaler", "Ingress",
)  # fmt: skip
"""Kinds in the order in which they are applied; all others come last."""


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One object, by its name in the cluster."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def title(self) -> str:
        """As people name it."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.name}{where}"


def item_of(one: Json) -> Item:
    """The name of an object."""
    meta = one["metadata"]
    return Item(one["apiVersion"], one["kind"], meta.get("namespace", ""), meta["name"])


def rank(kind: str) -> int:
    """Place of a kind in the order of applying; removing goes the other way."""
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


class Inventory:
    """The list of one overlay in one namespace, a ConfigMap."""

    def __init__(self, api: Api, namespace: str, overlay: str) -> None:
        self.namespace = namespace
        self.overlay = overlay
        self.name = f"controlroom-inventory-{overlay}"
        self._api = api

    @property
    def _path(self) -> str:
        return CONFIG_MAPS.path(self.namespace, self.name)

    async def read(self) -> set[Item] | None:
        """What it lists; None where there is no list."""
        try:
            found = await self._api.get(self._path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return {Item(*one) for one in json.loads(found["data"]["objects"])}

    async def write(self, items: Iterable[Item]) -> None:
        """Replaces the list."""
        rows = [[i.api_version, i.kind, i.namespace, i.name] for i in sorted(items)]
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {MANAGED_BY: MANAGER, OVERLAY: self.overlay},
            },
            "data": {"objects": json.dumps(rows)},
        }
        await self._api.patch(self._path, body, APPLY, fieldManager=MANAGER, force="true")

    async def remove(self) -> None:
        """Forgets the list."""
        await self._api.delete(self._path)
