"""What bounds a deployment fits together: autoscalers, budgets, policies, replicas of topics."""

from __future__ import annotations

import pytest

from tests.manifests.rendering import NAMES, Object, of_kind, title

pytestmark = pytest.mark.engines

each = pytest.mark.parametrize("overlay", NAMES)


def selected(selector: Object, labels: Object) -> bool:
    """Whether a selector of Kubernetes matches labels."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for one in selector.get("matchExpressions", []):
        assert one["operator"] == "In", one
        if labels.get(one["key"]) not in one["values"]:
            return False
    return True


def pods(overlay: str) -> list[tuple[Object, Object]]:
    """Workload, and the labels of its pods."""
    kinds = of_kind(overlay, "Deployment", "StatefulSet")
    return [(one, one["spec"]["template"]["metadata"]["labels"]) for one in kinds]


def same_place(one: Object, other: Object) -> bool:
    """Whether both are in one namespace."""
    return bool(one["metadata"]["namespace"] == other["metadata"]["namespace"])


@each
def test_an_autoscalers_target_is_there_and_leaves_its_replicas_to_it(overlay: str) -> None:
    there = {one["metadata"]["name"]: one for one in of_kind(overlay, "Deployment")}
    for scaler in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject"):
        target = there[scaler["spec"]["scaleTargetRef"]["name"]]
        assert same_place(scaler, target)
        assert "replicas" not in target["spec"], title(scaler)


@each
def test_a_budget_lets_one_pod_go_and_keeps_another(overlay: str) -> None:
    least = {
        one["spec"]["scaleTargetRef"]["name"]: one["spec"].get("minReplicas")
        or one["spec"]["minReplicaCount"]
        for one in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject")
    }
    for budget in of_kind(overlay, "PodDisruptionBudget"):
        spec = budget["spec"]
        guarded = [
            one
            for one, labels in pods(overlay)
            if same_place(one, budget) and selected(spec["selector"], labels)
        ]
        assert len(guarded) == 1, title(budget)
        name = guarded[0]["metadata"]["name"]
        replicas = guarded[0]["spec"].get("replicas") or least[name]
        keeps = spec.get("minAvailable", replicas - spec.get("maxUnavailable", 0))
        assert 0 < keeps < replicas, title(budget)


@each
def test_where_policies_close_every_port_of_a_service_is_let_in(overlay: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    for workload, labels in pods(overlay):
        about = [
            one
            for one in policies
            if same_place(one, workload) and selected(one["spec"]["podSelector"], labels)
        ]
        if not about:
            continue
        rules = [rule for one in about for rule in one["spec"].get("ingress", [])]
        opened = {port["port"] for rule in rules for port in rule["ports"]}
        containers = workload["spec"]["template"]["spec"]["containers"]
        numbers = {
            port["name"]: port["containerPort"] for c in containers for port in c.get("ports", [])
        }
        opened |= {numbers[port] for port in opened if port in numbers}
        for service in of_kind(overlay, "Service"):
            chosen = service["spec"].get("selector") or {"": ""}
            if same_place(service, workload) and chosen.items() <= labels.items():
                for port in service["spec"]["ports"]:
                    wanted = port.get("targetPort", port["port"])
                    assert numbers.get(wanted, wanted) in opened, title(service)


@each
def test_topics_have_the_replicas_that_the_brokers_give_by_themselves(overlay: str) -> None:
    brokers = of_kind(overlay, "Kafka")
    for topic in of_kind(overlay, "KafkaTopic"):
        own = brokers[0]["spec"]["kafka"]["config"]["default.replication.factor"]
        assert topic["spec"]["replicas"] == own, title(topic)
