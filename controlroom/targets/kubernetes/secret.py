"""What a Secret holds."""

from __future__ import annotations

import base64

from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.resources import SECRETS


async def read_secret(api: Api, namespace: str, name: str) -> dict[str, str]:
    """Its keys and values; empty where there is no such Secret. Raises ApiError."""
    try:
        found = await api.get(SECRETS.path(namespace, name))
    except ApiError as error:
        if error.status == 404:
            return {}
        raise
    data = found.get("data") or {}
    return {key: base64.b64decode(value).decode() for key, value in data.items()}
