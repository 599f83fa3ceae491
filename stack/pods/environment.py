"""From a container of a manifest to a process of this machine."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from host.errors import StackError
from host.paths import private_dir
from scenarios.loading import ADDED
from stack.manifests.model import Container, EnvVar, PodTemplate
from stack.spec import ProcessSpec
from wire.queues.registry import FOLDERS

ADDRESS = "127.0.0.1"
_SERVICE = re.compile(r"(?:(?<=^)|(?<=://))[a-z0-9-]+:[0-9]+(?=/|$)")
"""A Service and its port, alone or in a URL."""
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", *ADDED, FOLDERS)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a deployment's pods find around them."""

    namespace: str
    project: Path
    """The folder that the commands run in."""
    state: Path
    config_maps: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    """`NAME:PORT` of each Service -> its address here."""
    packages: Path | None = None
    """Where Python finds the modules of a user's scenario."""
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Container -> variables that are set for a while, whatever the manifest says."""

    def volume(self, template: PodTemplate, pod: str, name: str) -> Path:
        """The local folder of a pod's volume."""
        volume = next(volume for volume in template.volumes if volume.name == name)
        if volume.claim:
            return self.state / "volumes" / volume.claim
        return self.pod_folder(pod) / name

    def pod_folder(self, pod: str) -> Path:
        """What is thrown away with the pod."""
        return self.state / "pods" / pod

    def forget(self, pod: str) -> None:
        """Throws away the pod's own folder."""
        shutil.rmtree(self.pod_folder(pod), ignore_errors=True)


def process_spec(
    container: Container,
    template: PodTemplate,
    pod: str,
    ports: Mapping[int, int],
    around: Surroundings,
) -> ProcessSpec:
    """The container's process. `ports` maps container ports of the pod to those of this machine.

    Raises StackError where a ConfigMap or Secret that is not optional is missing.
    """
    python = {"python", "python3"}
    program = sys.executable if container.command[0] in python else container.command[0]
    return ProcessSpec(
        name=f"{pod}/{container.name}",
        argv=(program, *container.command[1:]),
        cwd=around.project,
        env=environment(container, template, pod, ports, around),
        stop_timeout=template.grace,
    )


def environment(
    container: Container,
    template: PodTemplate,
    pod: str,
    ports: Mapping[int, int],
    around: Surroundings,
) -> dict[str, str]:
    """All variables of the process: first envFrom, then env, as Kubernetes orders them."""
    found = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    found["PYTHONUNBUFFERED"] = "1"
    if around.packages is not None:
        found["PYTHONPATH"] = str(around.packages)
    for source in container.env_from:
        found |= _object(source.kind, source.name, source.optional, around)
    for variable in container.env:
        value = _value(variable, pod, around)
        if value is not None:
            found[variable.name] = value
    for variable in container.env:
        if variable.kind == "value" and variable.name.endswith("_PORT"):
            found[variable.name] = _local_port(found[variable.name], ports)
    folders = {
        mount.path.rstrip("/"): private_dir(around.volume(template, pod, mount.volume))
        for mount in container.mounts
    }
    for variable in container.env:
        if variable.kind == "value":
            local = _local_path(found[variable.name], folders)
            found[variable.name] = _SERVICE.sub(lambda at: around.services.get(at[0], at[0]), local)
    return {**found, **around.overrides.get(container.name, {})}


def _local_port(value: str, ports: Mapping[int, int]) -> str:
    return str(ports.get(int(value), value)) if value.isdigit() else value


def _local_path(value: str, folders: Mapping[str, Path]) -> str:
    """The value, with the deepest mount path that it begins with put where it is here."""
    for path in sorted(folders, key=len, reverse=True):
        if value == path or value.startswith(path + "/"):
            return str(folders[path]) + value[len(path) :]
    return value


def _value(variable: EnvVar, pod: str, around: Surroundings) -> str | None:
    if variable.kind == "value":
        return variable.text
    if variable.kind == "field":
        return {
            "metadata.name": pod,
            "metadata.namespace": around.namespace,
            "status.podIP": ADDRESS,
        }[variable.text]
    keys = _object(variable.kind, variable.source, variable.optional, around)
    if variable.text not in keys and not variable.optional:
        raise StackError(
            f"{variable.name} needs the key {variable.text} of {variable.source}, "
            "which is not there.",
            "Add the key, or mark it optional.",
            "refused",
        )
    return keys.get(variable.text)


def _object(kind: str, name: str, optional: bool, around: Surroundings) -> Mapping[str, str]:
    objects = around.config_maps if kind == "config" else around.secrets
    if name not in objects and not optional:
        what = "ConfigMap" if kind == "config" else "Secret"
        raise StackError(
            f"The {what} {name} is not there.", "Add it, or mark it optional.", "refused"
        )
    return objects.get(name, {})
