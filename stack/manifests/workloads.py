"""Reads Deployments and their autoscalers."""

from __future__ import annotations

from typing import Literal

from stack.manifests.containers import container
from stack.manifests.model import (
    Autoscaler,
    Deployment,
    PodTemplate,
    ScalePolicy,
    ScalingRules,
    Volume,
)
from stack.manifests.node import Node

UP = ScalingRules(0.0, (ScalePolicy("Percent", 100, 15.0), ScalePolicy("Pods", 4, 15.0)))
DOWN = ScalingRules(300.0, (ScalePolicy("Percent", 100, 15.0),))
"""The defaults of autoscaling/v2 (kubernetes.io, Horizontal Pod Autoscaling)."""


TABLE = "controlroom/table"
"""Annotation: a scenario without this table has no pod of the Deployment here."""
ON_DEMAND = "controlroom/on-demand"
"""Annotation: the Deployment has no pod here until something asks for it."""


def deployment(node: Node) -> Deployment:
    """The Deployment."""
    spec = node.at("spec").only(
        "replicas", "selector", "strategy", "template", "minReadySeconds", place="Deployment.spec"
    )
    if spec.at("minReadySeconds").integer(0):
        raise spec.at("minReadySeconds").refuse("the local stack takes a pod when it is ready.")
    template = _template(spec.at("template"))
    wanted = spec.at("selector").only("matchLabels").at("matchLabels")
    for key, value in wanted.labels().items():
        if template.labels.get(key) != value:
            raise wanted.at(key).refuse("the labels of the pod template do not match.")
    surge, unavailable = _strategy(spec.at("strategy"))
    return Deployment(
        name=node.at("metadata").at("name").text(),
        template=template,
        replicas=spec.at("replicas").integer() if spec.has("replicas") else None,
        surge=surge,
        unavailable=unavailable,
        table=node.at("metadata").at("annotations").at(TABLE).text(""),
        on_demand=node.at("metadata").at("annotations").at(ON_DEMAND).text("") == "true",
    )


def _template(node: Node) -> PodTemplate:
    node.only("metadata", "spec")
    metadata = node.at("metadata").only("labels", place="metadata")
    spec = node.at("spec")
    spec.only("containers", "volumes", "terminationGracePeriodSeconds", place="pod")
    containers = tuple(container(item) for item in spec.at("containers").items())
    if not containers:
        raise spec.at("containers").refuse("must hold a container.")
    volumes = tuple(_volume(item) for item in spec.at("volumes").items())
    known = {volume.name for volume in volumes}
    for one in containers:
        for mount in one.mounts:
            if mount.volume not in known:
                raise spec.at("volumes").refuse(
                    f"{mount.volume!r}, mounted by {one.name!r}, is missing.", "Add the volume."
                )
    grace = spec.at("terminationGracePeriodSeconds").integer(30)
    return PodTemplate(metadata.at("labels").labels(), containers, volumes, float(grace))


def _volume(node: Node) -> Volume:
    node.only("name", "emptyDir", "persistentVolumeClaim")
    name = node.at("name").text()
    if node.has("persistentVolumeClaim"):
        claim = node.at("persistentVolumeClaim").only("claimName", place="mount")
        return Volume(name, claim.at("claimName").text())
    node.at("emptyDir").only(place="volume")
    return Volume(name)


def _strategy(node: Node) -> tuple[int, int]:
    node.only("type", "rollingUpdate")
    if node.at("type").text("RollingUpdate") != "RollingUpdate":
        raise node.at("type").refuse("only RollingUpdate is known here.")
    update = node.at("rollingUpdate").only("maxSurge", "maxUnavailable")
    surge = update.at("maxSurge").integer(1)
    unavailable = update.at("maxUnavailable").integer(0)
    if surge + unavailable == 0:
        raise update.refuse("maxSurge and maxUnavailable cannot both be 0.")
    return surge, unavailable


def autoscaler(node: Node) -> Autoscaler:
    """The HorizontalPodAutoscaler (autoscaling/v2) with one CPU metric."""
    spec = node.at("spec").only(
        "scaleTargetRef", "minReplicas", "maxReplicas", "metrics", "behavior"
    )
    target = spec.at("scaleTargetRef").only("apiVersion", "kind", "name")
    if target.at("kind").text() != "Deployment":
        raise target.at("kind").refuse("only a Deployment can be scaled here.")
    minimum = spec.at("minReplicas").integer(1, minimum=1)
    maximum = spec.at("maxReplicas").integer(minimum=1)
    if maximum < minimum:
        raise spec.at("maxReplicas").refuse(f"must be at least minReplicas ({minimum}).")
    behaviour = spec.at("behavior").only("scaleUp", "scaleDown")
    return Autoscaler(
        name=node.at("metadata").at("name").text(),
        deployment=target.at("name").text(),
        minimum=minimum,
        maximum=maximum,
        utilization=_utilization(spec.at("metrics")),
        up=scaling_rules(behaviour.at("scaleUp"), UP),
        down=scaling_rules(behaviour.at("scaleDown"), DOWN),
    )


def _utilization(node: Node) -> int:
    metrics = list(node.items())
    if len(metrics) != 1:
        raise node.refuse("the local stack scales by exactly one metric, CPU utilization.")
    metric = metrics[0].only("type", "resource")
    if metric.at("type").text() != "Resource":
        raise metric.at("type").refuse("only Resource is known here.")
    resource = metric.at("resource").only("name", "target")
    if resource.at("name").text() != "cpu":
        raise resource.at("name").refuse("only cpu is known here.")
    target = resource.at("target").only("type", "averageUtilization")
    if target.at("type").text() != "Utilization":
        raise target.at("type").refuse("only Utilization is known here.")
    return target.at("averageUtilization").integer(minimum=1)


def scaling_rules(node: Node, default: ScalingRules) -> ScalingRules:
    """The rules of one direction, as `behavior` of autoscaling/v2 writes them."""
    if node.value is None:
        return default
    node.only("stabilizationWindowSeconds", "policies", "selectPolicy")
    policies = tuple(_policy(item) for item in node.at("policies").items())
    select = node.at("selectPolicy").text("Max")
    modes: dict[str, Literal["Max", "Min", "Disabled"]] = {
        "Max": "Max",
        "Min": "Min",
        "Disabled": "Disabled",
    }
    if select not in modes:
        raise node.at("selectPolicy").refuse("must be Max, Min or Disabled.")
    window = node.at("stabilizationWindowSeconds").integer(int(default.window))
    return ScalingRules(float(window), policies or default.policies, modes[select])


def _policy(node: Node) -> ScalePolicy:
    node.only("type", "value", "periodSeconds")
    kind = node.at("type").text()
    if kind not in ("Pods", "Percent"):
        raise node.at("type").refuse("must be Pods or Percent.")
    value = node.at("value").integer(minimum=1)
    period = float(node.at("periodSeconds").integer(minimum=1))
    return ScalePolicy("Pods" if kind == "Pods" else "Percent", value, period)
