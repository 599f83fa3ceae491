"""Commands inside a container."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controlroom.targets.abilities import TargetError
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import PODS

PROTOCOL = "v4.channel.k8s.io"
OUT, SAID, END = 1, 2, 3
"""Channels: standard output, standard error, how it ended."""


async def execute(
    api: Api, namespace: str, pod: str, container: str, words: Sequence[str]
) -> tuple[bool, str]:
    """Whether the command succeeded, and all that it said.

    A container that ends meanwhile ends the stream without a verdict, which counts as success.
    """
    params = [("command", word) for word in words]
    params += [("container", container), ("stdout", "true"), ("stderr", "true")]
    said = b""
    good = True
    path = PODS.path(namespace, pod, "exec")
    async with api.websocket(path, params, PROTOCOL) as stream:
        async for message in stream:
            if not isinstance(message.data, bytes) or not message.data:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel in (OUT, SAID):
                said += data
            elif channel == END and data:
                good = msgspec.json.decode(data).get("status") == "Success"
    return good, said.decode(errors="replace").strip()


def missing(pod: str, said: str) -> TargetError:
    """The error of a command that could not be run."""
    return TargetError(f"The command in {pod} failed: {said or 'no such program'}.", "")
