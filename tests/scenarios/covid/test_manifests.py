"""covid's own services stand on top of the base, on the local stack and on clusters."""

from __future__ import annotations

import pytest

from controlroom.targets.kubernetes.deploy.rendering import overlay_path, render
from controlroom.targets.kubernetes.deploy.systems import with_scenario
from scenarios.loading import load
from stack.balance import configuration
from stack.manifests.loading import load as manifests_of
from tests.conftest import ROOT
from tests.manifests.rendering import renderer

SERVICES = {"grpc-client": 5000, "grpcserver": 50051, "subscribers": 3000, "redis-api": 3500}
PATHS = {
    "/greet": "grpc-client",
    "/subscribers": "subscribers",
    "/redis": "redis-api",
    "/redispub": "producer-redis",
    "/streams": "producer-streams",
    **dict.fromkeys(("/obtenerUsuarios", "/top5", "/genders", "/api"), "reader"),
}


def test_its_services_listen_where_the_contract_says() -> None:
    found = manifests_of(ROOT / "k8s" / "base", ROOT / "scenarios" / "covid" / "k8s")
    for name, port in SERVICES.items():
        assert [one.number for one in found.services[name].ports] == [port]
        assert port in found.deployments[name].template.containers[0].ports.values()
    given = {
        each.name: each.text
        for name in SERVICES
        for each in found.deployments[name].template.containers[0].env
    }
    wanted = {
        "CLIENT_HOST": ":5000",
        "SERVER_HOST": "grpcserver:50051",
        "NAME": "instanciagrpc",
        "HOST": ":50051",
        "PORT": "3500",
    }
    assert wanted.items() <= given.items()
    assert {route.path: route.service for route in found.routes}.items() >= PATHS.items()
    served = {
        name: (template.variable("QUEUE"), template.variable("ORIGIN"))
        for name, one in found.deployments.items()
        if (template := one.template).variable("QUEUE")
    }
    assert served == {
        "grpc-client": ("direct", ""),
        "subscribers": ("direct", ""),
        "producer-redis": ("pubsub", "redis"),
        "consumer-redis": ("pubsub", ""),
        "producer-streams": ("streams", "streams"),
        "consumer-streams": ("streams", ""),
    }
    assert {queue for queue, _ in served.values()} < {*load("covid").queues}
    # calls of gRPC that name no service go where they always went
    ports = {
        (service.name, port.name): 1
        for service in found.services.values()
        for port in service.ports
    }
    text = configuration(found, ports, 1)
    assert "use_backend producer-grpc.grpc if { req.hdr(content-type) -m beg" in text


@pytest.mark.engines
@pytest.mark.parametrize("overlay", ["lab-one", "one"])
async def test_a_cluster_gets_them_with_their_doors(overlay: str) -> None:
    renderer()
    with with_scenario(overlay_path(overlay), load("covid")) as folder:
        objects = {(one["kind"], one["metadata"]["name"]): one for one in await render(folder)}
    assert objects["ConfigMap", "endpoints"]["data"]["SCENARIO"] == "covid"
    for name in SERVICES:
        assert ("Service", name) in objects
        (container,) = objects["Deployment", name]["spec"]["template"]["spec"]["containers"]
        assert container["command"][2].startswith("scenarios.covid.services.")
    assert {("NetworkPolicy", "covid-doors"), ("NetworkPolicy", "grpcserver")} <= set(objects)
    assert ("Deployment", "producer-wasm") not in objects
