"""What `deploy` adds to the objects of an overlay: lines of a file, and pods' names in DNS."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.targets.kubernetes.deploy.rendering import Object, pod_specs


def config_with(objects: Sequence[Object], file: str, mark: str) -> Object | None:
    """The ConfigMap in whose file that line is; None where there is none."""
    return next((one for one in objects if mark in (one.get("data") or {}).get(file, "")), None)


def put_text(objects: Sequence[Object], config: Object, file: str, text: str) -> None:
    """A changed file has another name, so that the pods that read it are replaced."""
    before = name_of(config)
    after = f"{before}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    config["data"] = {**config["data"], file: text}
    config["metadata"]["name"] = after
    for _, pod in pod_specs(objects):
        for volume in pod.get("volumes") or ():
            if volume.get("configMap", {}).get("name") == before:
                volume["configMap"] = {**volume["configMap"], "name": after}


def pods_by_name(one: Object, name: str, spec: Mapping[str, Any]) -> Object:
    """A Service without an address of its own: DNS names its pods. It has the labels and the
    namespace of `one`."""
    meta = {key: one["metadata"][key] for key in ("namespace", "labels") if key in one["metadata"]}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**meta, "name": name},
        "spec": {"clusterIP": "None", **spec},
    }


def name_of(one: Mapping[str, Any]) -> str:
    """The name of an object."""
    return str(one["metadata"]["name"])
