"""Checks manifests against the real schemas of Kubernetes.

The models of the `kubernetes` package are generated from the API's OpenAPI document; they know
types, required fields and nested objects. They also accept the names of their own attributes
(`api_version`), which a manifest may not use, so names are compared here by themselves.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes import client
from pydantic import BaseModel, ValidationError

from tests import crds

MODELS: dict[tuple[str, str], type[BaseModel]] = {
    ("apps/v1", "Deployment"): client.V1Deployment,
    ("apps/v1", "StatefulSet"): client.V1StatefulSet,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): client.V2HorizontalPodAutoscaler,
    ("discovery.k8s.io/v1", "EndpointSlice"): client.V1EndpointSlice,
    ("networking.k8s.io/v1", "Ingress"): client.V1Ingress,
    ("networking.k8s.io/v1", "NetworkPolicy"): client.V1NetworkPolicy,
    ("node.k8s.io/v1", "RuntimeClass"): client.V1RuntimeClass,
    ("policy/v1", "PodDisruptionBudget"): client.V1PodDisruptionBudget,
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): client.V1ClusterRole,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): client.V1ClusterRoleBinding,
    ("rbac.authorization.k8s.io/v1", "Role"): client.V1Role,
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): client.V1RoleBinding,
    ("v1", "ConfigMap"): client.V1ConfigMap,
    ("v1", "Namespace"): client.V1Namespace,
    ("v1", "PersistentVolumeClaim"): client.V1PersistentVolumeClaim,
    ("v1", "Service"): client.V1Service,
    ("v1", "ServiceAccount"): client.V1ServiceAccount,
}
CUSTOM: dict[tuple[str, str], str] = {
    ("gateway.networking.k8s.io/v1", "Gateway"): "gateway.networking.k8s.io_gateways.yaml",
    ("gateway.networking.k8s.io/v1", "GRPCRoute"): "gateway.networking.k8s.io_grpcroutes.yaml",
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): "gateway.networking.k8s.io_httproutes.yaml",
    ("kafka.strimzi.io/v1", "Kafka"): "kafka.strimzi.io_kafkas.yaml",
    ("kafka.strimzi.io/v1", "KafkaNodePool"): "kafka.strimzi.io_kafkanodepools.yaml",
    ("kafka.strimzi.io/v1", "KafkaTopic"): "kafka.strimzi.io_kafkatopics.yaml",
    ("kafka.strimzi.io/v1", "KafkaUser"): "kafka.strimzi.io_kafkausers.yaml",
    ("keda.sh/v1alpha1", "ScaledObject"): "keda.sh_scaledobjects.yaml",
    ("keda.sh/v1alpha1", "TriggerAuthentication"): "keda.sh_triggerauthentications.yaml",
}
"""Kinds of other makers, by the file of their definition in tests/schemas."""


def problems(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with one object; empty when nothing is."""
    kind = (document.get("apiVersion", ""), document.get("kind", ""))
    if kind in CUSTOM:
        return crds.problems(document, CUSTOM[kind])
    model = MODELS.get(kind)
    if model is None:
        return [f"{kind}: no such kind"]
    found = list(_unknown(model, document, ""))
    try:
        model.model_validate(dict(document))
    except ValidationError as error:
        found += [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    return found


def _unknown(model: type[BaseModel], value: object, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path}: must be a mapping"
        return
    fields = {
        field.serialization_alias or name: field for name, field in model.model_fields.items()
    }
    for key, item in value.items():
        place = f"{path}.{key}" if path else key
        if key not in fields:
            yield f"{place}: unknown field"
            continue
        yield from _nested(fields[key].annotation, item, place)


def _nested(annotation: Any, value: object, path: str) -> Iterator[str]:
    inner = _model(annotation)
    if inner is None or value is None:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(inner, item, f"{path}[{index}]")
    elif _is_mapping(annotation) and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unknown(inner, item, f"{path}.{key}")
    else:
        yield from _unknown(inner, value, path)


def _model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model(argument) for argument in typing.get_args(annotation))
    return next((model for model in found if model is not None), None)


def _is_mapping(annotation: Any) -> bool:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(_is_mapping(argument) for argument in typing.get_args(annotation))
    return origin is dict
