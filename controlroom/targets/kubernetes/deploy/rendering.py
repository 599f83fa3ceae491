"""From an overlay to its objects, by `kubectl kustomize`."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from controlroom.targets.abilities import Refused, TargetError
from host.project import PROJECT
from lab import programs

Object = dict[str, Any]
PATIENCE = 60.0
KUBECTL = "CONTROLROOM_KUBECTL"


def overlays_dir() -> Path:
    """The overlays that come with the project."""
    return PROJECT / "k8s" / "overlays"


def overlay_path(name: str) -> Path:
    """The folder of an overlay by its name, or any folder. Raises Refused where it is neither."""
    known = overlays_dir() / name
    if "/" not in name and known.is_dir():
        return known
    given = Path(name).expanduser()
    if given.is_dir() and any(
        (given / f).is_file() for f in ("kustomization.yaml", "kustomization.yml")
    ):
        return given.absolute()
    names = sorted(path.name for path in overlays_dir().glob("*/") if path.is_dir())
    raise Refused(
        f"There is no overlay {name!r}.",
        f"Name one of {', '.join(names)}, or a folder with a kustomization.yaml.",
    )


def kubectl() -> list[str]:
    """The words that call kubectl: the user's own, or that of the lab. Raises Refused."""
    own = os.environ.get(KUBECTL) or shutil.which("kubectl")
    if own:
        return [own]
    built = programs.kubectl()
    if built is not None:
        return [str(built)]
    raise Refused(
        "kubectl is not here, and overlays are rendered by it.",
        f"Install kubectl, set {KUBECTL} to it, or build the lab's: `controlroom lab build`.",
    )


async def render(overlay: Path) -> list[Object]:
    """All objects of an overlay. Raises TargetError with what kubectl says."""
    words = [*kubectl(), "kustomize", str(overlay)]
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            out, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise TargetError(f"{overlay} was not rendered within {PATIENCE:g} s.") from None
    if process.returncode:
        why = said.decode(errors="replace").strip().removeprefix("error: ")
        raise TargetError(f"{overlay} cannot be rendered: {why}", "Fix what it names.")
    return parsed(out)


def parsed(text: bytes) -> list[Object]:
    """The objects of a stream of YAML documents."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [one for one in yaml.load_all(text, Loader=loader) if one]


def pod_specs(objects: Sequence[Object]) -> list[tuple[Object, dict[str, Any]]]:
    """Every object that makes pods, with the spec of its pods."""
    found = []
    for one in objects:
        spec = one.get("spec") or {}
        if one["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        pod = (spec.get("template") or {}).get("spec")
        if pod and "containers" in pod:
            found.append((one, pod))
    return found
