"""Load by Jobs of a cluster: a real API server, the real load processes on a played node."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controlroom.model.run import RunView
from controlroom.runs.effects import active_effects, left_behind
from controlroom.runs.errors import SpecError
from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import start
from controlroom.runs.prepare import ready_load
from controlroom.runs.spec import LoadSpec
from controlroom.runs.stop import stop_all, stop_run
from controlroom.runs.store import RunStore
from controlroom.targets.abilities import LoadRequest, LoadStatus, Refused
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.load import sending
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, JOBS, PODS
from controlroom.targets.kubernetes.target import KubernetesTarget
from tests.runs.server import Server, running
from tests.targets.control_plane import CONTEXT
from tests.targets.node import PlayedNode, node
from tests.targets.objects import make_deployment
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as one:
        yield one


@pytest.fixture
async def place(api: Api, namespace: str, server: Server) -> Server:
    """A pipeline as far as a load needs one: its image, its scenario, its ingress."""
    data = {"SCENARIO": "bands", "INGRESS_URL": server.url}
    endpoints = {"metadata": {"name": "endpoints"}, "data": data}
    await api.create(CONFIG_MAPS.path(namespace), endpoints)
    await make_deployment(api, namespace, "web", ready=1, replicas=1)
    return server


@pytest.fixture
async def played(api: Api, namespace: str, tmp_path: Path) -> AsyncIterator[PlayedNode]:
    folder = tmp_path / "node"
    folder.mkdir()
    async with node(api, namespace, folder) as one:
        yield one


@pytest.fixture
async def target(api: Api, namespace: str) -> AsyncIterator[KubernetesTarget]:
    made = KubernetesTarget(CONTEXT, namespace)
    yield made
    await made.close()


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "state" / "runs")


async def started(store: RunStore, target: KubernetesTarget, **more: object) -> RunFolder:
    """A load run as the command starts it."""
    wanted = {"timeout": 60.0, "users": 4, **more}
    spec = LoadSpec(
        context=CONTEXT, namespace=await target.namespace(), in_cluster=2, **wanted  # type: ignore[arg-type]
    )  # fmt: skip
    return start(store, await ready_load(spec, "bands", target))


async def over(folder: RunFolder) -> RunView:
    def ended() -> RunView | None:
        view = folder.read_view()
        return view if view is not None and not view.active else None

    return await until(ended, f"{folder.id} is over", timeout=120)


async def test_jobs_send_what_a_local_run_sends(
    api: Api,
    namespace: str,
    place: Server,
    played: PlayedNode,
    target: KubernetesTarget,
    store: RunStore,
) -> None:
    folder = await started(store, target, number=501)
    view = await over(folder)
    assert (view.state, view.bound) == ("finished", "number"), folder.log.read_text()
    assert view.load is not None
    assert (view.load.sent, view.load.answered, view.load.failed) == (501, 501, 0)
    assert sorted(place.ids) == sorted(f"{folder.id}-{n}" for n in range(1, 502))
    result = folder.read_result() or {}
    assert result["latency_ms"]["p99"] > 0
    jobs = {one["metadata"]["name"]: one for one in (await api.get(JOBS.path(namespace)))["items"]}
    load = min(jobs)
    assert set(jobs) == {load, f"{load}-workers"}
    for one in jobs.values():
        assert one["metadata"]["labels"]["controlroom/run"] == folder.id
        assert one["spec"]["activeDeadlineSeconds"] < 60 + 200
        assert one["spec"]["ttlSecondsAfterFinished"] == 600
        image = one["spec"]["template"]["spec"]["containers"][0]["image"]
        assert image == "localhost/controlroom/load:0.1.0"
    assert jobs[f"{load}-workers"]["spec"]["completions"] == 2
    (owner,) = jobs[f"{load}-workers"]["metadata"]["ownerReferences"]
    assert owner["uid"] == jobs[load]["metadata"]["uid"]


async def test_a_stop_drains_and_says_what_was_sent(
    place: Server, played: PlayedNode, target: KubernetesTarget, store: RunStore
) -> None:
    folder = await started(store, target)
    await until(lambda: place.count > 50, "the load flows", timeout=60)
    assert await stop_run(folder, patience=60)
    view = await over(folder)
    assert (view.state, view.bound) == ("stopped", "stopped")
    assert view.load is not None
    assert (view.load.sent, view.load.answered) == (place.count, place.count)


async def active(target: KubernetesTarget) -> list[LoadStatus]:
    return [one for one in await target.loads() if one.active]


async def test_a_load_whose_runner_died_is_found_and_ended(
    place: Server, played: PlayedNode, target: KubernetesTarget, store: RunStore
) -> None:
    folder = await started(store, target)
    await until(lambda: place.count > 50, "the load flows", timeout=60)
    assert left_behind(await active_effects(target, store, CONTEXT)) == ()
    runner = folder.read_runner()
    assert runner is not None
    os.kill(runner.pid, signal.SIGKILL)
    before = place.count
    await until(lambda: place.count > before + 50, "it goes on without", timeout=60)
    view = await over(folder)
    assert view.state == "lost"
    (left,) = await active(target)
    assert left.run == folder.id
    (held,) = await active_effects(target, store, CONTEXT)
    assert left_behind([held]) == (held,)
    assert (held.id, held.run, held.ends) == (left.id, folder.id, left.ends)
    assert left.ends > left.created + 60
    stopped = await stop_all(RunStore(store.root), target)
    assert stopped.clean
    assert stopped.loads == (left.id,)
    assert await active(target) == []
    await until(
        lambda: all(one.process.returncode is not None for one in played.containers.values()),
        "the processes have ended",
    )


async def test_a_pod_that_does_not_start_leaves_nothing(
    api: Api,
    namespace: str,
    place: Server,
    target: KubernetesTarget,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "START_TIME", 1.0)
    request = LoadRequest("r-0001", "{}", b"", 2, 60.0)
    with pytest.raises(Refused, match=r"pod does not run: it has no pod\. Nothing was sent"):
        await target.start_load(request)
    assert (await api.get(JOBS.path(namespace)))["items"] == []
    assert (await api.get(PODS.path(namespace)))["items"] == []


async def test_what_does_not_fit_into_the_cluster_is_said_before(
    place: Server, target: KubernetesTarget, store: RunStore, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match="--in-cluster wants a cluster"):
        await ready_load(LoadSpec(in_cluster=2), "bands", target)
    vote = '{"name": "Caifanes", "album": "El Silencio", "year": 1992, "rank": 5}\n'
    records = tmp_path / "long.json"
    records.write_text(vote * 15_000)
    with pytest.raises(SpecError, match="larger than the 900 KiB"):
        await started(store, target, file=str(records))
