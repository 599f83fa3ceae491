"""Fields that the local stack knows and leaves aside, with the reason for each."""

from __future__ import annotations

from collections.abc import Mapping

IGNORED: Mapping[str, Mapping[str, str]] = {
    "metadata": {
        "namespace": "the local stack is one namespace",
        "annotations": "they speak to controllers that do not run here; of a Deployment two are "
        "read (stack/manifests/workloads.py)",
        "creationTimestamp": "written by a server",
    },
    "ConfigMap": {
        "immutable": "the local stack fills the values in itself",
    },
    "Deployment.spec": {
        "revisionHistoryLimit": "only one revision is kept",
        "progressDeadlineSeconds": "a rollout waits as long as it takes",
    },
    "pod": {
        "automountServiceAccountToken": "there is no API server",
        "serviceAccountName": "there is no API server",
        "securityContext": "processes run as the user of the stack",
        "affinity": "there is one machine",
        "topologySpreadConstraints": "there is one machine",
        "nodeSelector": "there is one machine",
        "tolerations": "there is one machine",
        "priorityClassName": "nothing is evicted",
        "restartPolicy": "Always, the only value that a Deployment may have",
        "dnsPolicy": "addresses come from the ConfigMap",
        "enableServiceLinks": "addresses come from the ConfigMap",
    },
    "container": {
        "image": "the code of this checkout runs, by the stack's own interpreter",
        "imagePullPolicy": "there is no image",
        "workingDir": "the commands run from the project's folder",
        "securityContext": "processes run as the user of the stack",
        "terminationMessagePath": "the last log lines are kept instead",
        "terminationMessagePolicy": "the last log lines are kept instead",
    },
    "resources": {
        "limits": "processes are not confined; requests are the autoscaler's measure",
    },
    "port": {
        "protocol": "everything here is TCP",
    },
    "mount": {
        "readOnly": "the local folder is writable",
    },
    "volume": {
        "sizeLimit": "folders have no limit",
        "medium": "folders are on disk",
    },
    "PersistentVolumeClaim.spec": {
        "accessModes": "a claim is a folder, shared by all who mount it",
        "resources": "a claim is a folder without a limit",
        "storageClassName": "a claim is a folder",
        "volumeMode": "a claim is a folder",
        "volumeName": "a claim is a folder",
    },
    "ScaledObject.spec": {
        "cooldownPeriod": "nothing is scaled to zero",
        "fallback": "while the lag is not known the number of pods stays",
    },
    "kafka trigger": {
        "bootstrapServers": "the stack knows its own Kafka",
        "bootstrapServersFromEnv": "the stack knows its own Kafka",
        "topic": "the events topic of the scenario",
        "topicFromEnv": "the events topic of the scenario",
        "consumerGroup": "the consumer group of the scenario",
        "consumerGroupFromEnv": "the consumer group of the scenario",
        "offsetResetPolicy": "the lag counts from the oldest record that is there",
        "allowIdleConsumers": "there are never more pods than partitions",
    },
    "Service.spec": {
        "type": "every Service gets one address on loopback",
        "clusterIP": "every Service gets one address on loopback",
        "internalTrafficPolicy": "there is one machine",
        "trafficDistribution": "there is one machine",
    },
    "service port": {
        "port": "a free port is taken on loopback",
        "nodePort": "a free port is taken on loopback",
        "protocol": "everything here is TCP",
    },
    "Ingress.spec": {
        "ingressClassName": "there is one ingress",
        "tls": "the ingress listens on loopback only",
    },
}
"""Where it stands -> field -> why it is left aside."""


def ignored(place: str) -> tuple[str, ...]:
    """The fields that are left aside at that place."""
    return tuple(IGNORED.get(place, ()))
