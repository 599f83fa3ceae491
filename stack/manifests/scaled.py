"""Reads the ScaledObject of KEDA: lag on Kafka, with CPU as a second signal.

Source: keda.sh/docs, ScaledObject specification, scalers apache-kafka and cpu. The addresses,
topic and group of the Kafka trigger are those of the stack's own scenario.
"""

from __future__ import annotations

from stack.manifests.model import Autoscaler
from stack.manifests.node import Node
from stack.manifests.workloads import DOWN, UP, scaling_rules

_LAG = 10
"""KEDA's own default."""


def scaled_object(node: Node) -> Autoscaler:
    """The ScaledObject (keda.sh/v1alpha1) of a Deployment."""
    spec = node.at("spec").only(
        "scaleTargetRef",
        "minReplicaCount",
        "maxReplicaCount",
        "pollingInterval",
        "triggers",
        "advanced",
        place="ScaledObject.spec",
    )
    target = spec.at("scaleTargetRef").only("apiVersion", "kind", "name")
    if target.at("kind").text("Deployment") != "Deployment":
        raise target.at("kind").refuse("only a Deployment can be scaled here.")
    minimum = spec.at("minReplicaCount").integer(0, minimum=1)
    maximum = spec.at("maxReplicaCount").integer(100, minimum=1)
    if maximum < minimum:
        raise spec.at("maxReplicaCount").refuse(f"must be at least minReplicaCount ({minimum}).")
    lag, utilization = _triggers(spec.at("triggers"))
    advanced = spec.at("advanced").only("horizontalPodAutoscalerConfig")
    behaviour = advanced.at("horizontalPodAutoscalerConfig").only("behavior").at("behavior")
    behaviour.only("scaleUp", "scaleDown")
    return Autoscaler(
        name=node.at("metadata").at("name").text(),
        deployment=target.at("name").text(),
        minimum=minimum,
        maximum=maximum,
        utilization=utilization,
        up=scaling_rules(behaviour.at("scaleUp"), UP),
        down=scaling_rules(behaviour.at("scaleDown"), DOWN),
        lag=lag,
        period=float(spec.at("pollingInterval").integer(30, minimum=1)),
    )


def _triggers(node: Node) -> tuple[int | None, int | None]:
    """Lag for each pod, and per cent of the CPU request."""
    lag = utilization = None
    for trigger in node.items():
        trigger.only("type", "metricType", "metadata")
        kind, metadata = trigger.at("type"), trigger.at("metadata")
        if kind.text() == "kafka":
            _expect(trigger.at("metricType"), "AverageValue", "AverageValue")
            metadata.only("lagThreshold", place="kafka trigger")
            lag = _number(metadata.at("lagThreshold"), _LAG)
        elif kind.text() == "cpu":
            _expect(trigger.at("metricType"), "Utilization")
            utilization = _number(metadata.only("value").at("value"))
        else:
            raise kind.refuse("only kafka and cpu are known here.")
    if lag is None and utilization is None:
        raise node.refuse("must name a kafka or a cpu trigger.")
    return lag, utilization


def _expect(node: Node, word: str, default: str | None = None) -> None:
    if node.text(default) != word:
        raise node.refuse(f"must be {word}.")


def _number(node: Node, default: int | None = None) -> int:
    """All values of a trigger's metadata are texts."""
    text = node.text(None if default is None else str(default))
    if not text.isdecimal() or int(text) < 1:
        raise node.refuse('must be a whole number of 1 or more as a text, such as "100".')
    return int(text)
