"""Applies an overlay's objects and removes them, each by its own name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from controlroom.targets.abilities import Refused, TargetError
from controlroom.targets.kubernetes.api import APPLY, Api
from controlroom.targets.kubernetes.deploy.copies import fill, is_copy, wait_and_fill
from controlroom.targets.kubernetes.deploy.discovery import Discovery
from controlroom.targets.kubernetes.deploy.inventory import (
    MANAGED_BY,
    MANAGER,
    OVERLAY,
    Inventory,
    Item,
    item_of,
    rank,
)
from controlroom.targets.kubernetes.deploy.rendering import Object
from controlroom.targets.kubernetes.deploy.secrets import Given, checked, prepared, wanted
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.faults.holder import FAULT
from controlroom.targets.kubernetes.resources import NAMESPACES, Json

Say = Callable[[str], None]
GONE_TIME = 120.0
"""Seconds that removed objects get to be gone."""
SETTLE = 0.5
CRD = "CustomResourceDefinition"
CRD_TIME = 30.0


@dataclass(frozen=True, slots=True)
class Removed:
    """What `undeploy` did."""

    items: tuple[Item, ...]
    kept: tuple[str, ...]
    """One sentence for each thing that was left, with the reason."""
    data: bool = False
    """Whether volumes are among it."""


class Applier:
    """One overlay on one cluster."""

    def __init__(self, api: Api, namespace: str, overlay: str, say: Say = lambda _: None) -> None:
        self._api = api
        self._namespace = namespace
        self._overlay = overlay
        self._say = say
        self._discovery = Discovery(api)

    async def apply(self, objects: Sequence[Object], given: Given | None = None) -> list[Object]:
        """Makes or changes all of them; answers them as they were applied, secrets included.

        Raises Refused before anything is changed where the cluster does not serve a kind, where
        an object of that name is there that this overlay has not made, or where a Secret lacks
        a value that cannot be drawn and is not `given`.
        """
        placed = [await self._placed(one) for one in objects]
        lacking, given = wanted(placed, self._namespace), given or {}
        checked(given, lacking)
        for name, spaces in lacking.items():
            placed += await prepared(self._api, name, spaces, given.get(name, {}))
        placed.sort(key=lambda one: rank(one["kind"]))
        mine = [one for one in placed if await self._may_take(one)]
        inventory = Inventory(self._api, self._namespace, self._overlay)
        await self._ensure_namespace(mine)
        before = await inventory.read() or set()
        now = {item_of(one) for one in mine}
        await inventory.write(before | now)
        late = [one for one in mine if is_copy(one) and not await fill(self._api, one)]
        for one in mine:
            await self._apply_one(one)
        for one in late:
            await wait_and_fill(self._api, one)
            await self._apply_one(one)
        await self._remove(before - now)
        await inventory.write(now)
        self._say(f"{len(mine)} objects applied")
        return mine

    async def remove(self, volumes: bool = False) -> Removed:
        """Removes what the inventory lists, the last applied first; `volumes`: the data too.

        Without it volumes stay, with the logins that their stores were made with, and so does an
        inventory of them. A namespace in which there is anything else stays. Raises Refused
        without inventory.
        """
        inventory = Inventory(self._api, self._namespace, self._overlay)
        items = await inventory.read()
        if items is None:
            raise Refused(
                f"Overlay {self._overlay} is not deployed in namespace {self._namespace} of "
                f"{self._api.context}.",
                "Name the overlay and the namespace that it was deployed with.",
            )
        spaces = {item for item in items if item.kind == "Namespace"}
        claims = await self._claims(items)
        data = set() if volumes else claims
        opening = {item for item in items if _opens(item, data)}
        gone = await self._remove((items | claims) - spaces - data - opening, claims)
        kept = [f"{item.title}: its data is kept." for item in sorted(data)]
        kept += [f"{item.title}: the data was made with it." for item in sorted(opening)]
        for space in sorted(spaces):
            left = await self._foreign(space.name, inventory.name, volumes)
            if left:
                kept.append(f"{space.title}: {', '.join(left[:3])} is in it.")
            else:
                gone += await self._remove({space})
        if data:
            # for a later removal of the volumes
            await inventory.write(data | opening | (spaces - set(gone)))
        elif Item("v1", "Namespace", "", self._namespace) not in gone:
            await inventory.remove()
        return Removed(tuple(gone), tuple(kept), bool(data))

    async def _claims(self, items: set[Item]) -> set[Item]:
        """The claims of volumes that the overlay made, and those that its StatefulSets did."""
        found: set[Item] = set()
        resource = await self._discovery.find("v1", PVC)
        for namespace in sorted({item.namespace for item in items if item.namespace}):
            here = {item for item in items if item.namespace == namespace}
            sets = "|".join(re.escape(i.name) for i in here if i.kind == "StatefulSet")
            of_a_set = re.compile(rf".+-({sets})-\d+" if sets else "(?!)")
            for one in (await self._api.get(resource.path(namespace)))["items"]:
                item = Item("v1", PVC, namespace, one["metadata"]["name"])
                if item in items or of_a_set.fullmatch(item.name):
                    found.add(item)
        return found

    async def _placed(self, one: Object) -> Object:
        """With its namespace and the room's labels; checked that the cluster serves its kind."""
        resource = await self._discovery.of(one)
        meta = one.setdefault("metadata", {})
        if resource.namespaced:
            meta.setdefault("namespace", self._namespace)
        return one

    def _labelled(self, one: Object) -> Object:
        # a dict of its own: by an alias in the YAML a selector may be the same one
        own = {MANAGED_BY: MANAGER, OVERLAY: self._overlay}
        one["metadata"]["labels"] = {**(one["metadata"].get("labels") or {}), **own}
        return one

    async def _may_take(self, one: Object) -> bool:
        """Whether it is this overlay's to make. A namespace of somebody else is used as it is."""
        found = await self._present(item_of(one))
        if found is None:
            return True
        labels = found["metadata"].get("labels") or {}
        if labels.get(MANAGED_BY) == MANAGER and labels.get(OVERLAY) == self._overlay:
            return True
        if one["kind"] == "Namespace":
            self._say(f"namespace {one['metadata']['name']} is there already and stays as it is")
            return False
        other = labels.get(OVERLAY)
        whose = f"overlay {other}" if other else labels.get(MANAGED_BY) or "somebody else"
        raise Refused(
            f"{item_of(one).title} is there already and belongs to {whose}.",
            "Remove it, or deploy to another namespace.",
        )

    async def _ensure_namespace(self, objects: Sequence[Object]) -> None:
        """The inventory's own namespace, before anything is applied to it."""
        for one in objects:
            if one["kind"] == "Namespace" and one["metadata"]["name"] == self._namespace:
                await self._apply_one(one)
                return
        if not await self._api.exists(NAMESPACES.path(name=self._namespace)):
            raise Refused(
                f"There is no namespace {self._namespace}, and the overlay makes none.",
                "Make it, or give another --namespace.",
            )

    async def _apply_one(self, one: Object) -> None:
        resource = await self._discovery.of(one)
        meta = self._labelled(one)["metadata"]
        path = resource.path(meta.get("namespace", ""), meta["name"])
        try:
            await self._api.patch(path, one, APPLY, fieldManager=MANAGER, force="true")
        except ApiError as error:
            raise TargetError(f"{item_of(one).title} was refused: {error}", error.fix) from error
        if one["kind"] == CRD:
            await self._established(path, meta["name"])

    async def _established(self, path: str, name: str) -> None:
        try:
            async with asyncio.timeout(CRD_TIME):
                while not _is_established(await self._api.get(path)):
                    await asyncio.sleep(SETTLE)
        except TimeoutError:
            raise TargetError(f"{CRD} {name} was not established in time.") from None

    async def _present(self, item: Item) -> Json | None:
        resource = await self._discovery.find(item.api_version, item.kind)
        try:
            found: Json = await self._api.get(resource.path(item.namespace, item.name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return found

    async def _remove(self, items: set[Item], claims: Set[Item] = frozenset()) -> list[Item]:
        """Deletes those that carry this overlay's label, and claims; waits until they are gone."""
        doomed: list[Item] = []
        for item in sorted(items, key=lambda i: (-rank(i.kind), i)):
            try:
                found = await self._present(item)
            except Refused:
                continue
            labels = (found or {}).get("metadata", {}).get("labels") or {}
            if found is None or (labels.get(OVERLAY) != self._overlay and item not in claims):
                continue
            resource = await self._discovery.find(item.api_version, item.kind)
            path = resource.path(item.namespace, item.name)
            try:
                await self._api.delete(path, propagationPolicy="Background")
            except ApiError as error:
                if error.status != 404:
                    raise
            doomed.append(item)
        await self._wait_gone(doomed)
        return doomed

    async def _wait_gone(self, items: Sequence[Item]) -> None:
        left = list(items)
        try:
            async with asyncio.timeout(GONE_TIME):
                while left := [item for item in left if await self._present(item) is not None]:
                    self._say(f"waiting for {left[0].title} to be gone ({len(left)} left)")
                    await asyncio.sleep(SETTLE)
        except TimeoutError:
            names = ", ".join(item.title for item in left[:3])
            raise TargetError(
                f"Still there after {GONE_TIME:g} s: {names}.",
                "Look for finalizers: `kubectl get -o yaml`.",
            ) from None

    async def _foreign(self, namespace: str, inventory: str, volumes: bool) -> list[str]:
        """What is in a namespace that this overlay has not made, by name."""
        found: list[str] = []
        for api_version, kind in EVERYDAY:
            resource = await self._discovery.find(api_version, kind)
            for one in (await self._api.get(resource.path(namespace)))["items"]:
                meta = one["metadata"]
                labels = meta.get("labels") or {}
                ours = labels.get(OVERLAY) == self._overlay and (volumes or kind != PVC)
                claimed = kind == PVC and labels.get(PART_OF) == MANAGER and volumes
                # records and Jobs of faults are the room's own too
                ours = ours or (labels.get(MANAGED_BY) == MANAGER and FAULT in labels)
                usual = (kind, meta["name"]) in USUAL or meta["name"] == inventory
                if not (ours or claimed or usual or meta.get("ownerReferences")):
                    found.append(f"{kind} {meta['name']}")
        return found


PVC = "PersistentVolumeClaim"
PART_OF = "app.kubernetes.io/part-of"
EVERYDAY = (
    ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("v1", "ServiceAccount"),
    ("v1", "Pod"), ("v1", PVC), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"), ("batch/v1", "Job"), ("batch/v1", "CronJob"),
)  # fmt: skip
"""Kinds that are looked for before a namespace is removed with all that is in it."""
USUAL = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
"""What every namespace has."""


def _opens(item: Item, data: set[Item]) -> bool:
    """Whether it is a login of stores whose volumes stay: they let nobody in with another one."""
    beside = any(claim.namespace == item.namespace for claim in data)
    return item.kind == "Secret" and item.name.partition("-")[0] == "stores" and beside


def _is_established(crd: Json) -> bool:
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
