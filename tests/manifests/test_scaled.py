"""ScaledObjects: what is read, and what is refused with its field."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.errors import StackError
from stack.manifests import load
from tests.manifests.test_refused import GOOD

SCALED = """\
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  minReplicaCount: 2
  maxReplicaCount: 5
  triggers:
    - type: kafka
      metadata: {bootstrapServers: x, topic: x, consumerGroup: x, lagThreshold: "100"}
    - {type: cpu, metricType: Utilization, metadata: {value: "80"}}
"""
HPA = """\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 5
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}
"""


def folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "web.yaml").write_text(text)
    return tmp_path


def test_lag_and_cpu_are_read(tmp_path: Path) -> None:
    rules = load(folder(tmp_path, GOOD + SCALED)).autoscalers["web"]
    assert (rules.minimum, rules.maximum, rules.lag, rules.utilization) == (2, 5, 100, 80)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("maxReplicaCount: 5", "maxReplicaCount: 13", "spec.maxReplicaCount"),
        ("minReplicaCount: 2", "minReplicaCount: 0", "spec.minReplicaCount"),
        ('lagThreshold: "100"', "lagThreshold: 100", "metadata.lagThreshold"),
        ('lagThreshold: "100"', 'lagThreshold: "few"', "metadata.lagThreshold"),
        ("type: kafka", "type: rabbitmq", "spec.triggers[0].type"),
        ("metricType: Utilization", "metricType: Value", "spec.triggers[1].metricType"),
    ],
)
def test_what_cannot_be_honoured_is_named(tmp_path: Path, old: str, new: str, field: str) -> None:
    assert old in SCALED
    with pytest.raises(StackError) as caught:
        load(folder(tmp_path, GOOD + SCALED.replace(old, new, 1)))
    assert "web.yaml" in caught.value.message
    assert field in caught.value.message
    assert caught.value.fix


def test_two_autoscalers_of_one_deployment_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="has an autoscaler already"):
        load(folder(tmp_path, GOOD + SCALED + HPA))
