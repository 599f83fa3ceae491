"""Which path an object has, asked of the API server once for each group."""

from __future__ import annotations

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.resources import Json, Resource


class Discovery:
    """Knows the resources that the cluster serves."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, dict[str, Resource]] = {}

    async def of(self, one: Json) -> Resource:
        """The resource of an object. Raises Refused where the cluster does not serve it."""
        return await self.find(str(one["apiVersion"]), str(one["kind"]))

    async def find(self, api_version: str, kind: str) -> Resource:
        """The resource of a kind. Raises Refused where the cluster does not serve it."""
        if kind not in self._known.get(api_version, {}):
            self._known[api_version] = await self._ask(api_version)
        found = self._known[api_version].get(kind)
        if found is None:
            raise Refused(
                f"The cluster does not serve {api_version} {kind}.",
                "Install what brings it, or choose an overlay without it.",
            )
        return found

    async def _ask(self, api_version: str) -> dict[str, Resource]:
        group, _, version = api_version.rpartition("/")
        path = f"/apis/{api_version}" if group else f"/api/{version}"
        try:
            listed = await self._api.get(path)
        except ApiError as error:
            if error.status == 404:
                return {}
            raise
        return {
            one["kind"]: Resource(group, version, one["name"], one["kind"], one["namespaced"])
            for one in listed["resources"]
            if "/" not in one["name"]
        }
