"""Brokers that are reached elsewhere than where they say they are, such as by a forwarded port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka.cluster import ClusterMetadata


class Detoured(ClusterMetadata):  # type: ignore[misc]
    """Metadata whose brokers have the addresses of `detours`.

    `detours`: what a broker advertises as its host, or the first label of it -> `host:port`.
    A broker that is not named there is reached where it says.
    """

    def __init__(self, detours: Mapping[str, str], **configs: Any) -> None:
        super().__init__(**configs)
        self._detours = detours

    def broker_metadata(self, broker_id: Any) -> Any:
        """The broker with the address that reaches it from here; None where it is not known."""
        found = super().broker_metadata(broker_id)
        if found is None:
            return None
        way = self._detours.get(found.host) or self._detours.get(found.host.partition(".")[0])
        if way is None:
            return found
        host, _, port = way.rpartition(":")
        return found._replace(host=host, port=int(port))
