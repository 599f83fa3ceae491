"""Secrets that no file holds: made once, at the first deployment, and kept from then on."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence

from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.deploy.rendering import Object, pod_specs
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.resources import SECRETS

GENERATED: Mapping[str, Mapping[str, str]] = {
    "stores": {"REDIS_PASSWORD": "", "MONGO_USERNAME": "controlroom", "MONGO_PASSWORD": ""},
    "grafana": {"admin-password": ""},
}
"""Secret -> its keys; an empty value is a password that is drawn."""
BYTES = 24


def wanted(objects: Sequence[Object]) -> dict[str, list[str]]:
    """Name of a generated Secret -> namespaces whose pods refer to it, where none is rendered."""
    rendered = {_place(one) for one in objects if one["kind"] == "Secret"}
    found: dict[str, set[str]] = {}
    for one, pod in pod_specs(objects):
        said = json.dumps(pod)
        for name in GENERATED:
            space = one["metadata"]["namespace"]
            if f'"{name}"' in said and _refers(pod, name) and (space, name) not in rendered:
                found.setdefault(name, set()).add(space)
    return {name: sorted(spaces) for name, spaces in found.items()}


async def prepared(api: Api, name: str, namespaces: Sequence[str]) -> list[Object]:
    """The Secret for each namespace, with the values that any of them already has."""
    values: dict[str, str] = {}
    for space in namespaces:
        values = await _present(api, space, name) or values
    full = {
        key: values.get(key) or fixed or secrets.token_urlsafe(BYTES)
        for key, fixed in GENERATED[name].items()
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": space},
            "type": "Opaque",
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in full.items()},
        }
        for space in namespaces
    ]


async def _present(api: Api, namespace: str, name: str) -> dict[str, str]:
    try:
        found = await api.get(SECRETS.path(namespace, name))
    except ApiError as error:
        if error.status == 404:
            return {}
        raise
    data = found.get("data") or {}
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def _refers(pod: Mapping[str, object], name: str) -> bool:
    """Whether a pod takes variables or files from the Secret of that name."""
    for part in _parts(pod):
        for key in ("secretRef", "secretKeyRef", "secret"):
            reference = part.get(key)
            named = reference if isinstance(reference, dict) else {}
            if name in (named.get("name"), named.get("secretName")):
                return True
    return False


def _parts(value: object) -> list[dict[str, object]]:
    if isinstance(value, dict):
        return [value, *(part for one in value.values() for part in _parts(one))]
    if isinstance(value, list):
        return [part for one in value for part in _parts(one)]
    return []


def _place(one: Object) -> tuple[str, str]:
    return one["metadata"].get("namespace", ""), one["metadata"]["name"]
