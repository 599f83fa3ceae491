"""Which rights of the shipped roles somebody has, as the API server itself answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from controlroom.targets.kubernetes.access import allowed
from controlroom.targets.kubernetes.api import Api
from host.project import PROJECT

Role = Literal["viewer", "operator"]
AT_ONCE = 8
"""Questions that are asked at the same time."""


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource."""

    verb: str
    group: str
    resource: str
    name: str = ""
    """The one object that it is for; empty for all."""

    def __str__(self) -> str:
        plural, slash, sub = self.resource.partition("/")
        return f"{self.verb} {plural}{f'.{self.group}' if self.group else ''}{slash}{sub}"


def rights_of(role: Role) -> list[Right]:
    """What k8s/components/rbac gives that role; what it says of all resources of a group is asked
    as such."""
    text = (PROJECT / "k8s" / "components" / "rbac" / f"{role}.yaml").read_text("utf-8")
    return [right for rule in yaml.safe_load(text)["rules"] for right in _of(rule)]


async def lacking(api: Api, namespace: str, rights: list[Right]) -> list[Right]:
    """Those that are not given in that namespace, of groups that the cluster serves."""
    served = {
        group: not group or await api.exists(f"/apis/{group}")
        for group in dict.fromkeys(right.group for right in rights)
    }
    limit = asyncio.Semaphore(AT_ONCE)

    async def given(right: Right) -> bool:
        async with limit:
            return await allowed(
                api, namespace, right.verb, right.resource, right.group, right.name
            )

    wanted = [right for right in rights if served[right.group]]
    answers = await asyncio.gather(*map(given, wanted))
    return [right for right, good in zip(wanted, answers, strict=True) if not good]


def _of(rule: Any) -> Iterator[Right]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                for name in rule.get("resourceNames") or ("",):
                    yield Right(verb, group, resource, name)
