"""Client certificates for Kafka, from the cluster's Secrets to files that a client can name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from controlroom.targets.abilities import Denied, TargetError
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.resources import CONFIG_MAPS
from controlroom.targets.kubernetes.secret import read_secret

AUTHORITY = "kafka-ca"
"""ConfigMap with the authority of the brokers' certificates."""
USERS = ("kafka-operator", "kafka-viewer")
"""Secrets with a room's certificate; the first that may be read is taken."""


class Certificates:
    """Files that only this user reads, for as long as the endpoints are open."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def url(self, address: str) -> str:
        """The address as clients of `wire` take it, with the files. Raises TargetError."""
        texts = {"ca": await self._authority(), **await self._user()}
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="controlroom-kafka-")
        files = {name: _write(Path(self._folder.name) / name, text) for name, text in texts.items()}
        # the brokers stand behind forwarded ports; who they are is said by their authority
        return f"kafkas://{address}?{urlencode({**files, 'hostname': 'any'})}"

    def close(self) -> None:
        """Removes the files."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    async def _authority(self) -> str:
        try:
            found = await self._api.get(CONFIG_MAPS.path(self._namespace, AUTHORITY))
        except ApiError as error:
            if error.status != 404:
                raise
            found = {}
        text: str = (found.get("data") or {}).get("ca.crt", "")
        if not text:
            raise TargetError(
                f"ConfigMap {AUTHORITY} has no ca.crt, so Kafka's brokers cannot be known.",
                "Deploy the overlay again once Strimzi's operator runs.",
            )
        return text

    async def _user(self) -> dict[str, str]:
        denied: Denied | None = None
        for name in USERS:
            try:
                found = await read_secret(self._api, self._namespace, name)
            except Denied as error:
                denied = error
                continue
            if "user.crt" in found and "user.key" in found:
                return {"cert": found["user.crt"], "key": found["user.key"]}
            raise TargetError(
                f"The Secret {name} has no certificate for Kafka.",
                "Look at its KafkaUser; Strimzi's user operator makes it.",
            )
        assert denied is not None
        raise denied


def _write(file: Path, text: str) -> str:
    part = file.with_suffix(".part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)
    part.replace(file)
    return str(file)
