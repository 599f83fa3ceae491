"""Five hundred pods, made without kubelets."""

from __future__ import annotations

import pytest

from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import PODS
from controlroom.targets.kubernetes.target import KubernetesTarget
from tests.targets.control_plane import CONTEXT
from tests.targets.objects import STRATEGIC, make_deployment, make_pods
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]

PODS_WANTED = 500


async def test_five_hundred_pods_cost_one_list_and_one_watch(api: Api, namespace: str) -> None:
    await make_deployment(api, namespace, "web", ready=PODS_WANTED, replicas=PODS_WANTED)
    target = KubernetesTarget(CONTEXT, namespace)
    try:
        await target.fleet()
        await make_pods(api, namespace, "web", PODS_WANTED)

        async def all_ready() -> bool:
            seen = await target.fleet()
            return sum(pod.ready for pod in seen.pods) == PODS_WANTED

        await until(all_ready, "all pods seen ready", timeout=120)
        same = await target.fleet()
        assert await target.fleet() is same, "nothing changed, so nothing is built again"
        gone = PODS.path(namespace, "web-007", "status")
        broken = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
        await api.patch(gone, broken, STRATEGIC)

        async def one_less() -> bool:
            return sum(pod.ready for pod in (await target.fleet()).pods) == PODS_WANTED - 1

        await until(one_less, "the change seen")
        watch = target._watch
        assert watch is not None
        mirror = watch.mirrors[PODS, namespace]
        assert (mirror.lists, mirror.watches) == (1, 1)
    finally:
        await target.close()
