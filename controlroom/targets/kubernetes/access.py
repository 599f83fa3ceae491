"""What the API server says that this account may do."""

from __future__ import annotations

from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import ACCESS_REVIEWS


async def allowed(
    api: Api, namespace: str, verb: str, resource: str, group: str = "", name: str = ""
) -> bool:
    """Whether the verb is given. `resource` may have a part: `pods/exec`; `name` empty: of all."""
    plural, _, sub = resource.partition("/")
    asked = {
        "namespace": namespace,
        "verb": verb,
        "group": group,
        "resource": plural,
        "subresource": sub,
        "name": name,
    }
    body = {
        "apiVersion": ACCESS_REVIEWS.api_version,
        "kind": ACCESS_REVIEWS.kind,
        "spec": {"resourceAttributes": asked},
    }
    answer = await api.create(ACCESS_REVIEWS.path(), body)
    return bool(answer["status"]["allowed"])
