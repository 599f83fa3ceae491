"""Brokers that are reached elsewhere than where they say they are, such as by a forwarded port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka.cluster import ClusterMetadata


class MappedMetadata(ClusterMetadata):  # type: ignore[misc]
    """Metadata whose brokers have the addresses of a map.

    `addresses`: what a broker advertises as its host, or the first label of it -> `host:port`.
    A broker that is not named there is reached where it says.
    """

    def __init__(self, addresses: Mapping[str, str], **configs: Any) -> None:
        super().__init__(**configs)
        self._addresses = addresses

    def broker_metadata(self, broker_id: Any) -> Any:
        """The broker with the address that reaches it from here; None where it is not known."""
        found = super().broker_metadata(broker_id)
        if found is None:
            return None
        mapped = self._addresses.get(found.host) or self._addresses.get(
            found.host.partition(".")[0]
        )
        if mapped is None:
            return found
        host, _, port = mapped.rpartition(":")
        return found._replace(host=host, port=int(port))
