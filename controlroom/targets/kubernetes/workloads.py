"""What is done to a Deployment: another number of replicas, or all pods replaced."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from controlroom.targets.abilities import Configured, Preview, Refused, UnknownName
from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.api import STRATEGIC, Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.resources import (
    AUTOSCALERS,
    DEPLOYMENTS,
    PODS,
    SCALED_OBJECTS,
    Json,
    Resource,
)
from wire.tunables import refusal

QUARTER = "25%"
"""What Kubernetes takes for maxUnavailable where a Deployment does not say."""


class Workloads:
    """The Deployments of one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    async def scale(self, deployment: str, replicas: int) -> None:
        """Another number of replicas. Raises Refused outside an autoscaler's bounds."""
        await self._check_bounds(deployment, replicas)
        path = DEPLOYMENTS.path(self._namespace, deployment, "scale")
        await self._api.patch(path, {"spec": {"replicas": replicas}})

    async def preview_restart(self, deployment: str) -> Preview:
        """What a restart would replace, and how many pods stay ready meanwhile."""
        one = await self._deployment(deployment)
        pods = [
            pod
            for pod in (await self._api.get(PODS.path(self._namespace)))["items"]
            if of_pod.deployment_of(pod) == deployment
        ]
        ready = sum(of_pod.ready(pod) for pod in pods)
        gone = unavailable(one["spec"])
        return Preview(
            matched=len(pods),
            hits=tuple(str(pod["metadata"]["name"]) for pod in pods),
            hit_count=len(pods),
            stays=max(0, ready - gone),
            effect=_effect(gone, one["spec"]),
            ends="When all are replaced; a pod that does not get ready holds the rest up.",
            remarks=("It is paused: nothing is replaced before it is resumed.",)
            if one["spec"].get("paused")
            else (),
        )

    async def restart(self, deployment: str) -> None:
        """Replaces all pods, as `kubectl rollout restart` asks for it."""
        await self._deployment(deployment)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        note = {"kubectl.kubernetes.io/restartedAt": at}
        body = {"spec": {"template": {"metadata": {"annotations": note}}}}
        await self._api.patch(DEPLOYMENTS.path(self._namespace, deployment), body)

    async def configured(self, deployment: str, names: Sequence[str]) -> Configured:
        """These variables of its containers. Raises Refused where they may not be set."""
        one = await self._deployment(deployment)
        containers = one["spec"]["template"]["spec"]["containers"]
        entries = {each["name"]: each.get("env") or [] for each in containers}
        given = {v["name"] for env in entries.values() for v in env if "valueFrom" not in v}
        if why := refusal(deployment, names, given):
            raise Refused(why, "See docs/experiments.md.")
        for env in entries.values():
            for each in env:
                if each["name"] in names and "valueFrom" in each:
                    raise Refused(f"{each['name']} of {deployment} comes from another object.")
        values = {container: _values(env, names) for container, env in entries.items()}
        return Configured(values, rolling(one))

    async def configure(
        self, deployment: str, values: Mapping[str, Mapping[str, str | None]]
    ) -> None:
        """Other variables; None takes one away. The Deployment replaces its pods."""
        containers = [
            {"name": name, "env": [_entry(*each) for each in wanted.items()]}
            for name, wanted in values.items()
        ]
        body = {"spec": {"template": {"spec": {"containers": containers}}}}
        path = DEPLOYMENTS.path(self._namespace, deployment)
        await self._api.patch(path, body, STRATEGIC)

    async def _deployment(self, name: str) -> Json:
        try:
            found: Json = await self._api.get(DEPLOYMENTS.path(self._namespace, name))
        except ApiError as error:
            if error.status != 404:
                raise
            raise UnknownName(
                f"There is no deployment {name} in {self._namespace}.", "See `controlroom status`."
            ) from None
        return found

    async def _check_bounds(self, deployment: str, replicas: int) -> None:
        if replicas < 0:
            raise Refused(f"{replicas} replicas are not possible.", "Give 0 or more.")
        for resource, least, most in (
            (AUTOSCALERS, "minReplicas", "maxReplicas"),
            (SCALED_OBJECTS, "minReplicaCount", "maxReplicaCount"),
        ):
            for one in await self._all(resource):
                spec = one["spec"]
                if spec["scaleTargetRef"]["name"] != deployment:
                    continue
                low, high = int(spec.get(least, 1)), int(spec.get(most, 100))
                if not low <= replicas <= high:
                    name = one["metadata"]["name"]
                    raise Refused(
                        f"{resource.kind} {name} holds {deployment} between {low} and {high}; "
                        f"{replicas} would be undone.",
                        f"Give {low} to {high}.",
                    )

    async def _all(self, resource: Resource) -> list[Json]:
        """All objects; none where the cluster does not serve that resource."""
        try:
            return list((await self._api.get(resource.path(self._namespace)))["items"])
        except ApiError as error:
            if error.status == 404:
                return []
            raise


def _values(env: Sequence[Json], names: Sequence[str]) -> dict[str, str | None]:
    given = {each["name"]: str(each.get("value", "")) for each in env}
    return {name: given.get(name) for name in names}


def _entry(name: str, value: str | None) -> Json:
    return {"name": name, "$patch": "delete"} if value is None else {"name": name, "value": value}


def rolling(one: Json) -> str:
    """Why not all pods are of the newest template and ready, in words; empty where they are."""
    wanted, status = int(one["spec"].get("replicas", 1)), one.get("status") or {}
    if int(status.get("observedGeneration", 0)) < int(one["metadata"].get("generation", 0)):
        return "the change is not seen yet"
    counts = {word: int(status.get(word, 0)) for word in ("updatedReplicas", "readyReplicas")}
    if any(count < wanted for count in counts.values()) or int(status.get("replicas", 0)) > wanted:
        return f"{counts['updatedReplicas']} of {wanted} replaced, {counts['readyReplicas']} ready"
    return ""


def unavailable(spec: Json) -> int:
    """How many pods may be missing during a rollout. A share is rounded down, as Kubernetes does
    it (Deployment documentation, "Max Unavailable"); all of them where pods are recreated."""
    replicas = int(spec.get("replicas", 1))
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return replicas
    wanted = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", QUARTER)
    if isinstance(wanted, str) and wanted.endswith("%"):
        return math.floor(replicas * int(wanted[:-1]) / 100)
    return int(wanted)


def _effect(gone: int, spec: Json) -> str:
    if (spec.get("strategy") or {}).get("type") == "Recreate":
        return "All pods are ended before new ones start."
    if gone == 0:
        return "Each pod is ended once its successor is ready."
    return f"Pods are replaced, at most {gone} missing at a time."
