"""The shipped roles, by acting as their accounts on a real API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlroom.targets.abilities import Denied, LoadRequest, UnknownName
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.faults.holder import FAULT
from controlroom.targets.kubernetes.forward import PROTOCOL
from controlroom.targets.kubernetes.load.jobs import LOAD, MASTER
from controlroom.targets.kubernetes.resources import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    PODS,
    SECRETS,
    SERVICES,
)
from controlroom.targets.kubernetes.target import KubernetesTarget
from tests.targets.control_plane import CONTEXT, ControlPlane
from tests.targets.objects import RUNNING, STRATEGIC, make_deployment, make_pod, pod
from tests.waiting import until
from wire.accounts import ACCOUNTS

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]

SECRET_NAMES = ("stores", "other", *(account.secret for account in ACCOUNTS))
ROLES = Path(__file__).parents[2] / "k8s" / "components" / "rbac"


@pytest.fixture
def roles(plane: ControlPlane, namespace: str) -> str:
    """The component, in the test's namespace."""
    for file in ("viewer", "operator", "faults", "forward", "bindings"):
        text = (
            (ROLES / f"{file}.yaml")
            .read_text()
            .replace("namespace: controlroom\n", f"namespace: {namespace}\n")
        )
        text = text.replace("namespace: controlroom}", f"namespace: {namespace}}}")
        plane.kubectl("apply", "-f", "-", stdin=text)
    return namespace


@pytest.fixture
async def acting(
    plane: ControlPlane, roles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Any]:
    """Makes the connection of an account, and the target that it sees."""
    made: list[Api | KubernetesTarget] = []

    def act(account: str) -> tuple[Api, KubernetesTarget]:
        token = plane.kubectl("create", "token", f"controlroom-{account}", "-n", roles).strip()
        own = plane.write_kubeconfig(tmp_path / account, token, roles)
        monkeypatch.setenv("KUBECONFIG", str(own))
        api, target = Api(CONTEXT), KubernetesTarget(CONTEXT)
        made.extend((api, target))
        return api, target

    yield act
    for one in made:
        await one.close()


@pytest.fixture
async def web(api: Api, roles: str) -> str:
    """Something to look at: a deployment with a pod, and the Secret of the stores."""
    await make_deployment(api, roles, "web", ready=1, replicas=1)
    await make_pod(api, roles, "web-0", "web")
    for name in SECRET_NAMES:
        login = {"REDIS_USERNAME": name, "REDIS_PASSWORD": f"of-{name}"}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name},
            "stringData": login,
        }
        await api.create(SECRETS.path(roles), secret)
    config = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "endpoints"},
        "data": {"SCENARIO": "bands"},
    }  # fmt: skip
    await api.create(CONFIG_MAPS.path(roles), config)
    return roles


async def test_a_viewer_sees_everything_and_changes_nothing(web: str, acting: Any) -> None:
    api, target = acting("viewer")
    seen = await target.fleet()
    assert [one.name for one in seen.deployments] == ["web"]
    assert seen.notes == ()
    assert (await target.info()).scenario == "bands"
    await target.faults()
    for name in SECRET_NAMES:
        if name == "stores-viewer":
            await api.get(SECRETS.path(web, name))
            continue
        with pytest.raises(Denied, match="lacks the verb get on secrets"):
            await api.get(SECRETS.path(web, name))
    with pytest.raises(Denied, match="lacks the verb list on secrets"):
        await api.get(SECRETS.path(web))
    with pytest.raises(Denied):
        await forwarded(api, web)
    with pytest.raises(Denied, match=r"lacks the verb patch on deployments\.apps/scale"):
        await target.scale("web", 2)
    with pytest.raises(Denied, match=r"lacks the verb patch on deployments\.apps"):
        await target.restart("web")
    with pytest.raises(Denied, match="lacks the verb delete on pods"):
        await api.delete(PODS.path(web, "web-0"))


async def forwarded(api: Api, namespace: str) -> None:
    """Asks for a port of the pod, as `kubectl port-forward` does."""
    path = PODS.path(namespace, "web-0", "portforward")
    async with api.websocket(path, {"ports": "80"}, PROTOCOL):
        pass


async def test_each_account_may_do_what_the_roles_are_for_and_nothing_that_changes(
    web: str, acting: Any, plane: ControlPlane
) -> None:
    """Every verb on every resource, as the API server itself answers for a viewer."""
    acting("viewer")
    account = f"--as=system:serviceaccount:{web}:controlroom-viewer"
    told = plane.kubectl("auth", "can-i", "--list", "-n", web, account).splitlines()[1:]
    asking = ("selfsubject", "/")
    acts = [
        line
        for line in told
        if not line.startswith(asking)
        and set(line.rpartition("[")[2].rstrip("]").split()) - {"get", "list", "watch"}
    ]
    assert acts == []


@pytest.mark.parametrize(("account", "login"), [("viewer", "viewer"), ("operator", "operator")])
async def test_a_room_enters_the_stores_by_the_login_of_its_account(
    web: str, acting: Any, api: Api, account: str, login: str
) -> None:
    _, target = acting(account)
    await api.patch(
        CONFIG_MAPS.path(web, "endpoints"),
        {"data": {"REDIS_URL": "redis://192.0.2.7:6379/0", "KAFKA_BOOTSTRAP": "web:9092"}},
    )
    service = {
        "metadata": {"name": "web"},
        "spec": {"selector": {"app.kubernetes.io/name": "web"}, "ports": [{"port": 9092}]},
    }
    await api.create(SERVICES.path(web), service)
    endpoints = await target.endpoints()
    assert (
        endpoints.address("redis") == f"redis://stores-{login}:of-stores-{login}@192.0.2.7:6379/0"
    )
    # a viewer is told at once why there is no way to a pod
    denied = "lacks the verb create on pods/portforward of web-0"
    assert (denied in endpoints.absent.get("kafka", "")) is (account == "viewer")
    assert endpoints.has("kafka") is (account == "operator")


async def test_a_viewer_forwards_the_ports_of_the_stores_and_of_nothing_else(
    web: str, acting: Any, plane: ControlPlane
) -> None:
    acting("viewer")
    text = (ROLES.parent / "rbac-data" / "viewer.yaml").read_text()
    text = text.replace("namespace: controlroom-data", f"namespace: {web}")
    plane.kubectl(
        "apply", "-f", "-", stdin=text.replace("namespace: controlroom}", f"namespace: {web}}}")
    )
    account = f"--as=system:serviceaccount:{web}:controlroom-viewer"
    for pod_name, answer in {"redis-0": "yes", "mongo-0": "yes", "kafka-0": "no"}.items():
        ask = ("auth", "can-i", "create", f"pods/{pod_name}", "--subresource=portforward")
        said = plane.kubectl(*ask, "-n", web, account, check=False)
        assert said.split()[0] == answer, pod_name


async def test_an_operator_acts_in_its_namespace_only(web: str, acting: Any, api: Api) -> None:
    own, target = acting("operator")
    await target.scale("web", 3)
    await target.restart("web")
    found = await api.get(DEPLOYMENTS.path(web, "web"))
    assert found["spec"]["replicas"] == 3
    kill = yaml.safe_load(
        (Path(__file__).parents[2] / "chaos" / "pod-kill-consumer.yaml").read_text()
    )
    kill["spec"]["selector"]["labelSelectors"] = {"app.kubernetes.io/name": "web"}
    preview = await target.preview(kill)
    assert preview.hits == (f"{web}/web-0",)
    status = await target.inject(kill, "r-0001")
    assert status.phase == "finished"
    assert (await api.get(PODS.path(web)))["items"] == []
    with pytest.raises(Denied, match="lacks the verb list on pods in namespace default"):
        await own.get(PODS.path("default"))
    with pytest.raises(Denied, match="lacks the verb create on secrets"):
        await own.create(SECRETS.path(web), {"metadata": {"name": "new"}})


async def test_who_ends_faults_may_put_pods_back_and_nothing_else(
    web: str, acting: Any, api: Api
) -> None:
    own, _ = acting("faults")
    await own.get(PODS.path(web), labelSelector=FAULT)
    note = {"metadata": {"labels": {FAULT: None}}}
    await own.patch(PODS.path(web, "web-0"), note, STRATEGIC)
    with pytest.raises(Denied, match="lacks the verb delete on pods"):
        await own.delete(PODS.path(web, "web-0"))
    with pytest.raises(Denied, match=r"lacks the verb list on deployments\.apps"):
        await own.get(DEPLOYMENTS.path(web))


async def test_a_restart_is_shown_before_and_done_by_an_operator_only(
    web: str, acting: Any, api: Api
) -> None:
    _, looking = acting("viewer")
    preview = await looking.preview_restart("web")
    assert preview.hits == ("web-0",)
    assert (preview.matched, preview.stays) == (1, 1)
    assert preview.effect == "Each pod is ended once its successor is ready."
    with pytest.raises(Denied, match=r"lacks the verb patch on deployments\.apps"):
        await looking.restart("web")
    recreated = {"strategy": {"type": "Recreate", "rollingUpdate": None}}
    await api.patch(DEPLOYMENTS.path(web, "web"), {"spec": recreated})
    _, target = acting("operator")
    assert (await target.preview_restart("web")).stays == 0
    await target.restart("web")
    found = await api.get(DEPLOYMENTS.path(web, "web"))
    assert (
        "kubectl.kubernetes.io/restartedAt" in found["spec"]["template"]["metadata"]["annotations"]
    )
    with pytest.raises(UnknownName, match="no deployment gone"):
        await target.preview_restart("gone")


async def test_load_by_jobs_is_an_operators_right(web: str, acting: Any, api: Api) -> None:
    request = LoadRequest("r-0001", "{}", b"", 1, 60.0)
    _, looking = acting("viewer")
    assert await looking.loads() == []
    with pytest.raises(Denied, match=r"lacks the verb create on jobs\.batch"):
        await looking.start_load(request)
    _, target = acting("operator")
    starting = asyncio.create_task(target.start_load(request))

    async def master() -> Any:
        return await target.loads()

    (load,) = await until(master, "the Job")
    made = pod(f"{load.id}-x", "web")
    made["metadata"]["labels"] |= {LOAD: load.id, "app.kubernetes.io/component": MASTER}
    await api.create(PODS.path(web), made)
    status = {"status": {**RUNNING, "podIP": "127.0.0.1"}}
    await api.patch(PODS.path(web, made["metadata"]["name"], "status"), status, STRATEGIC)
    assert await starting == load.id
    assert await api.exists(CONFIG_MAPS.path(web, load.id))
    await target.drain_load(load.id)
    await target.end_load(load.id)
    assert await target.loads() == []
    assert not await api.exists(CONFIG_MAPS.path(web, load.id))
