"""What Grafana's dashboards ask for is what running services tell, scenario by scenario."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx

from host.project import PROJECT
from scenarios.loading import load
from scenarios.scenario import QUEUE
from stack.manifests.loading import load as manifests_of
from tests.own_stack import OwnStack
from tests.waiting import until

FOLDER = PROJECT / "k8s" / "components" / "grafana" / "dashboards"
OF_THE_EXPORTER = "kafka_"
"""Strimzi's exporter is not to be had on the local stack; panels that need it say so."""


def panels(name: str = "*") -> Iterator[dict[str, Any]]:
    """Every panel that draws something."""
    for file in sorted(FOLDER.glob(f"{name}.json")):
        yield from (one for one in json.loads(file.read_text())["panels"] if one["type"] != "row")


def expressions(name: str) -> list[str]:
    """Every PromQL expression of every panel of a board."""
    return [target["expr"] for one in panels(name) for target in one["targets"]]


def test_every_board_is_given_to_grafana() -> None:
    listed = (FOLDER.parent / "kustomization.yaml").read_text()
    boards = sorted(FOLDER.glob("*.json"))
    assert len(boards) >= 4
    for file in boards:
        assert f"dashboards/{file.name}" in listed
        board = json.loads(file.read_text())
        assert board["uid"] == f"controlroom-{file.stem}"
        assert len({one["id"] for one in board["panels"]}) == len(board["panels"])


def test_the_board_of_covid_has_its_doors_queues_and_pages() -> None:
    found = manifests_of(PROJECT / "k8s" / "base", PROJECT / "scenarios" / "covid" / "k8s")
    named = set(re.findall(r'deployment=~?"([^"]+)"', " ".join(expressions("covid"))))
    deployments = {name for each in named for name in each.split("|")}
    assert deployments <= set(found.deployments)
    served = {found.deployments[name].template.variable("QUEUE") or QUEUE for name in deployments}
    assert served == set(load("covid").queues)
    views = {view.name for view in load("covid").views}
    groups = re.findall(r'group=~"([^"]+)"', " ".join(expressions("covid")))
    assert {name for each in groups for name in each.split(" ")[0].split("|")} < views
    for unit in ("p50", "p95", "p99"):
        assert any(
            t["legendFormat"].endswith(unit) for one in panels("covid") for t in one["targets"]
        )


def test_each_scenario_has_different_live_charts_of_its_own() -> None:
    board = json.loads((FOLDER / "tallies.json").read_text())
    (row, *_) = board["panels"]
    (variable,) = board["templating"]["list"]
    assert (row["type"], row["repeat"], variable["includeAll"]) == ("row", "scenario", True)
    assert variable["name"] == "scenario"
    kinds = {one["type"] for one in panels("tallies")}
    assert len(kinds) >= 2
    for one in panels("tallies"):
        assert all('scenario=~"$scenario"' in target["expr"] for target in one["targets"])
    assert board["refresh"]


def test_panels_that_need_the_exporter_say_so() -> None:
    for one in panels():
        asks = any(OF_THE_EXPORTER in target["expr"] for target in one["targets"])
        assert asks == ("exporter" in one["title"])


async def test_every_query_is_answered_by_running_services(stack: OwnStack) -> None:
    doors = stack.endpoints()
    # the stack of these tests does not run covid
    boards = [file.stem for file in FOLDER.glob("*.json") if file.stem != "covid"]
    asked = [one for name in boards for one in expressions(name) if OF_THE_EXPORTER not in one]
    assert asked
    missing = set(asked)

    async def ask(prometheus: httpx.AsyncClient, expression: str) -> None:
        query = expression.replace("$scenario", "bands")
        answer = await prometheus.get("/api/v1/query", params={"query": query})
        if answer.json()["data"]["result"]:
            missing.discard(expression)

    async def all_answered() -> bool:
        # rates want events all the time
        stack.run("run", "-n", "50", "--timeout", "30s")
        async with httpx.AsyncClient(base_url=doors["prometheus"], trust_env=False) as prometheus:
            await asyncio.gather(*(ask(prometheus, one) for one in list(missing)))
        return not missing

    await until(all_answered, "every query has an answer", 120, every=0.5)


async def test_of_the_balancer_only_its_doors_are_kept(stack: OwnStack) -> None:
    prometheus = stack.endpoints()["prometheus"]
    found: set[str] = set()

    async def told() -> bool:
        async with httpx.AsyncClient(base_url=prometheus, trust_env=False) as client:
            query = {"match[]": '{job="haproxy"}'}
            answer = await client.get("/api/v1/label/__name__/values", params=query)
        found.update(answer.json()["data"])
        return any(name.startswith("haproxy_") for name in found)

    await until(told, "the balancer is scraped", 30)
    assert "haproxy_frontend_http_requests_total" in found
    kept = {name.split("_")[1] for name in found if name.startswith("haproxy_")}
    assert kept <= {"frontend", "exporter"}
