"""Certificates that a maker keeps in its own namespace, copied beside the pods that trust them."""

from __future__ import annotations

import asyncio

from controlroom.targets.abilities import TargetError
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.deploy.rendering import Object
from controlroom.targets.kubernetes.secret import read_secret

COPY_OF = "controlroom/copy-of"
"""Annotation of a ConfigMap that is filled: `NAMESPACE/SECRET` whose certificates it gets."""
MADE_TIME = 120.0
"""Seconds that the maker gets for its Secret."""
SETTLE = 0.5


def is_copy(one: Object) -> bool:
    """Whether the object is filled at deploy time."""
    return COPY_OF in (one["metadata"].get("annotations") or {})


async def fill(api: Api, one: Object) -> bool:
    """Puts the certificates into the ConfigMap, and never a key; whether there were any."""
    namespace, _, name = one["metadata"]["annotations"][COPY_OF].partition("/")
    found = await read_secret(api, namespace, name)
    data = {key: value for key, value in found.items() if key.endswith(".crt")}
    if data:
        one["data"] = data
    return bool(data)


async def wait_and_fill(api: Api, one: Object, time: float = MADE_TIME) -> None:
    """The same once the maker has made them. Raises TargetError where it does not in time."""
    try:
        async with asyncio.timeout(time):
            while not await fill(api, one):
                await asyncio.sleep(SETTLE)
    except TimeoutError:
        whole = one["metadata"]["annotations"][COPY_OF]
        raise TargetError(
            f"The Secret {whole} is not there, so ConfigMap {one['metadata']['name']} has no "
            "certificates and the pods wait for them.",
            "Look whether the operator that makes it runs and watches these namespaces, then "
            "deploy again.",
        ) from None
