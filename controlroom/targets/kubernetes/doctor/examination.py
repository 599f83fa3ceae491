"""The checks of a context, in the order in which they build on each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from controlroom.targets.abilities import Denied, TargetError, Unreachable
from controlroom.targets.kubernetes.doctor.rights import Right, Role, lacking, rights_of
from controlroom.targets.kubernetes.endpoints import ENDPOINTS, ClusterEndpoints
from controlroom.targets.kubernetes.faults.holder import ACCOUNT
from controlroom.targets.kubernetes.faults.mesh import ROOT
from controlroom.targets.kubernetes.resources import POD_METRICS, SERVICE_ACCOUNTS
from controlroom.targets.kubernetes.target import KubernetesTarget
from host.doctor import Check

SHOWN = 4
"""Missing rights that are named one by one."""
KNOWN = ("SCENARIO", "KAFKA_BOOTSTRAP", "REDIS_URL", "MONGO_URL")
"""Entries of the ConfigMap that a whole pipeline has."""
KNOCK = 3.0


async def examine(target: KubernetesTarget, read_only: bool) -> AsyncIterator[Check]:
    """Looks at the context and changes nothing. Ends early where nothing answers.

    `read_only` leaves out what is wanted only for acting.
    """
    reached = await _checked("api server", _reached(target))
    yield reached
    if not reached.ok:
        return
    namespace = await target.namespace()
    endpoints = ClusterEndpoints(target.api, namespace)
    checks: list[tuple[str, Callable[[], Awaitable[Check]]]] = [
        ("rights to look", lambda: _rights(target, namespace, "viewer")),
        ("deployed", lambda: _deployed(endpoints, namespace)),
        ("pod metrics", lambda: _metrics(target, namespace)),
        ("prometheus", lambda: _prometheus(target)),
    ]
    if not read_only:
        checks.insert(1, ("rights to act", lambda: _rights(target, namespace, "operator")))
        checks.append(("faults", lambda: _faults(target, namespace)))
    for name, check in checks:
        yield await _checked(name, check())


async def _checked(name: str, check: Awaitable[Check]) -> Check:
    try:
        return await check
    except TargetError as error:
        fix = error.fix or "Look at it with `kubectl`."
        return Check(name, False, str(error), fix)


async def _reached(target: KubernetesTarget) -> Check:
    here = await target.api.access()
    began = time.monotonic()
    try:
        version = (await target.api.get("/version"))["gitVersion"]
    except Unreachable as error:
        raise Unreachable(
            str(error), "See that the cluster is up and that this machine reaches its address."
        ) from error
    took = (time.monotonic() - began) * 1000
    return Check(
        "api server", True, f"{here.server} answers in {took:.0f} ms, Kubernetes {version}"
    )


async def _rights(target: KubernetesTarget, namespace: str, role: Role) -> Check:
    name = "rights to look" if role == "viewer" else "rights to act"
    wanted = rights_of(role)
    missing = await lacking(target.api, namespace, wanted)
    if not missing:
        return Check(name, True, f"all of controlroom-{role} in namespace {namespace}")
    fix = f"Bind the ClusterRole controlroom-{role} (k8s/components/rbac) in {namespace}"
    other = ", or work with --read-only." if role == "operator" else "."
    return Check(name, False, f"missing in {namespace}: {_named(missing)}", fix + other)


def _named(missing: list[Right]) -> str:
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    return ", ".join(map(str, missing[:SHOWN])) + more


async def _deployed(endpoints: ClusterEndpoints, namespace: str) -> Check:
    config = await endpoints.config()
    absent = [key for key in KNOWN if not config.get(key)]
    if "SCENARIO" in absent:
        fix = "Deploy again; SCENARIO says which events the services take."
        return Check(
            "deployed", False, f"ConfigMap {ENDPOINTS} of {namespace} names no SCENARIO", fix
        )
    without = f", without {', '.join(absent)}" if absent else ""
    return Check("deployed", True, f"{config['SCENARIO']} in namespace {namespace}{without}")


async def _metrics(target: KubernetesTarget, namespace: str) -> Check:
    fix = "Install metrics-server; without it CPU and memory of pods stay unknown."
    if not await target.api.exists(f"/apis/{POD_METRICS.group}/{POD_METRICS.version}"):
        return Check("pod metrics", False, "metrics.k8s.io is not served", fix, blocks=False)
    try:
        found = await target.api.get(POD_METRICS.path(namespace))
    except Denied:
        raise
    except TargetError as error:
        return Check("pod metrics", False, str(error), fix, blocks=False)
    return Check("pod metrics", True, f"{len(found['items'])} pods are measured")


async def _prometheus(target: KubernetesTarget) -> Check:
    import httpx

    fix = "Deploy the component prometheus, or name one as PROMETHEUS_URL in the ConfigMap."
    try:
        url = (await target.endpoints()).address("prometheus")
    except TargetError as error:
        own = error.fix if isinstance(error, Denied | Unreachable) else ""
        return Check("prometheus", False, str(error), own or fix, blocks=False)
    try:
        async with asyncio.timeout(KNOCK), httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{url}/api/v1/query", params={"query": "count(up)"})
            answer.raise_for_status()
            found = answer.json()["data"]["result"]
    except (httpx.HTTPError, TimeoutError, ValueError, KeyError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        return Check("prometheus", False, f"{url} does not answer: {why}", fix, blocks=False)
    count = found[0]["value"][1] if found else "0"
    return Check("prometheus", True, f"{count} targets are scraped")


async def _faults(target: KubernetesTarget, namespace: str) -> Check:
    if await target.api.exists(ROOT):
        return Check("faults", True, "Chaos Mesh is installed and carries them out")
    message = "without Chaos Mesh: pod-kill, container-kill and pod-failure only"
    if await target.api.exists(SERVICE_ACCOUNTS.path(namespace, ACCOUNT)):
        return Check("faults", True, message)
    return Check(
        "faults",
        False,
        f"{message}, and no ServiceAccount {ACCOUNT} in {namespace} that would end the last",
        "Deploy the component rbac, or install Chaos Mesh.",
        blocks=False,
    )
