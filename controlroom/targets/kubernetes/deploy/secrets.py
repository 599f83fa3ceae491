"""Secrets that no file holds: made once, at the first deployment, and kept from then on."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.deploy.entering import host_key, nobody
from controlroom.targets.kubernetes.deploy.rendering import Object, pod_specs
from controlroom.targets.kubernetes.secret import read_secret
from wire.accounts import ACCOUNTS, Account

BYTES = 24
Given = Mapping[str, Mapping[str, str]]
"""Secret -> key -> value, as the operator gives them; they replace what is there."""


async def _password() -> str:
    return secrets.token_urlsafe(BYTES)


def _drawn(value: str) -> Callable[[], Awaitable[str]]:
    async def same() -> str:
        return value

    return same


def _logins(account: Account) -> dict[str, Callable[[], Awaitable[str]]]:
    stores = ("REDIS", "MONGO") if account.mongo else ("REDIS",)
    return {
        f"{store}_{key}": draw
        for store in stores
        for key, draw in (("USERNAME", _drawn(account.name)), ("PASSWORD", _password))
    }


GENERATED: Mapping[str, Mapping[str, Callable[[], Awaitable[str]]]] = {
    "stores": {
        "REDIS_PASSWORD": _password,
        "MONGO_USERNAME": _drawn("controlroom"),
        "MONGO_PASSWORD": _password,
    },
    **{each.secret: _logins(each) for each in ACCOUNTS},
    "bridge": {"BRIDGE_TOKEN": _password},
    "grafana": {"admin-password": _password},
    "room": {"host_key": host_key, "authorized_keys": nobody},
}
"""Secret -> its keys -> what makes a value where there is none."""
ROOMS = ("stores-operator", "stores-viewer")


def wanted(objects: Sequence[Object], home: str = "") -> dict[str, list[str]]:
    """Name of a generated Secret -> namespaces whose pods refer to it, where none is rendered.

    The logins of rooms, which no pod has, go to the namespace `home` of the services.
    """
    rendered = {_place(one) for one in objects if one["kind"] == "Secret"}
    found: dict[str, set[str]] = {}
    for one, pod in pod_specs(objects):
        said = json.dumps(pod)
        for name in GENERATED:
            space = one["metadata"]["namespace"]
            if f'"{name}"' in said and _refers(pod, name) and (space, name) not in rendered:
                found.setdefault(name, set()).add(space)
    if any(home in spaces for name, spaces in found.items() if name.startswith("stores-")):
        for name in ROOMS:
            found.setdefault(name, set()).add(home)
    return {name: sorted(spaces) for name, spaces in found.items()}


async def prepared(
    api: Api, name: str, namespaces: Sequence[str], given: Mapping[str, str]
) -> list[Object]:
    """The Secret for each namespace, with what is given, else what any of them already has.

    Raises Refused where a value can neither be found nor drawn.
    """
    values: dict[str, str] = {}
    for space in namespaces:
        values = await read_secret(api, space, name) or values
    values |= given
    full = {key: values.get(key) or await draw() for key, draw in GENERATED[name].items()}
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


def checked(given: Given, found: Mapping[str, object]) -> None:
    """Raises Refused where something is given for a Secret that no pod reads."""
    for name in given.keys() - found.keys():
        raise Refused(
            f"Keys are given for the Secret {name}, which nothing in this overlay reads.",
            "Leave them out, or name the overlay that needs them.",
        )


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
