"""What one stack is started with, and what it remembers from start to start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from host.errors import refused
from host.paths import private_dir, write_private
from host.project import PROJECT
from scenarios import loading
from scenarios.scenario import Scenario
from stack.copying import copied
from stack.manifests.loading import KUSTOMIZATION
from wire.queues.registry import queue_kind

MANIFESTS = PROJECT / "k8s" / "overlays" / "local"
SETTABLE = ("retention", "error-injector")
"""ConfigMaps whose values the environment may set."""


@dataclass(frozen=True, slots=True)
class StackConfig:
    """Where the stack lives and what it runs."""

    state: Path
    scenario: str = "bands"
    """A name, or the path of a folder or a file."""
    manifests: Path = MANIFESTS
    project: Path = PROJECT
    """The folder that the commands of the manifests run in."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A scenario that has been checked. `reference` is what the services are given."""

    scenario: Scenario
    reference: str
    place: Path
    """Its folder, or its file where that is alone."""
    own: bool = False
    """Whether it comes with the project."""

    @property
    def packages(self) -> Path | None:
        """What has to be on the path of Python for the modules of a user's folder."""
        return self.place.parent.parent if self.place.is_dir() and not self.own else None

    def manifests(self) -> list[Path]:
        """Folders of manifests that it adds. Raises StackError."""
        folder = self.place / "k8s"
        if (folder / KUSTOMIZATION).is_file():
            return [folder]
        if any(folder.glob("*.yaml")):
            raise refused(f"{folder} holds no {KUSTOMIZATION}", "list its files as resources there")
        return []


def choose(name_or_path: str, state: Path) -> Chosen:
    """Loads the scenario; a user's own is copied, so that the services outlive it.

    Raises StackError with the place in the file.
    """
    try:
        scenario = loading.load(name_or_path)
        place = loading.place_of(name_or_path)
        _known(scenario, loading.file_of(place))
    except loading.ScenarioError as error:
        raise refused(f"Scenario: {error}", error.fix) from error
    if scenario.name in loading.names() and place.samefile(loading.place_of(scenario.name)):
        return Chosen(scenario, scenario.name, place, own=True)
    name = scenario.name if place.is_dir() else f"{scenario.name}.toml"
    copy = copied(place, private_dir(state / "scenarios") / name)
    return Chosen(scenario, str(copy), copy)


def _known(scenario: Scenario, file: Path) -> None:
    """Raises ScenarioError, naming file and field, for a queue that is not there."""
    for queue in scenario.queues:
        try:
            queue_kind(queue)
        except loading.ScenarioError as error:
            field = "queue" if len(scenario.queues) == 1 else "queues"
            raise loading.ScenarioError(f"{file.name}: {field}: {error}", error.fix) from error


def overridden(
    config_maps: Mapping[str, Mapping[str, str]], environ: Mapping[str, str]
) -> dict[str, Mapping[str, str]]:
    """The ConfigMaps, with each value of `SETTABLE` ones that CONTROLROOM_<NAME> sets otherwise."""
    own = {
        name: {key: environ.get(f"CONTROLROOM_{key}") or value for key, value in values.items()}
        for name, values in config_maps.items()
        if name in SETTABLE
    }
    return {"retention": {}, **config_maps, **own}


PURGE_TOKEN = "CONTROLROOM_PURGE_TOKEN"
"""Variable of what has to be shown to the reader's admin port; without it nobody purges by HTTP."""


def guests(environ: Mapping[str, str]) -> dict[str, str]:
    """Which hosts and origins the services answer, where the environment says it."""
    names = ("ALLOWED_HOSTS", "ALLOWED_ORIGINS")
    return {name: given for name in names if (given := environ.get(f"CONTROLROOM_{name}"))}


def module(environ: Mapping[str, str]) -> dict[str, str]:
    """The file of a user's own WebAssembly module, where the environment names one."""
    given = environ.get("CONTROLROOM_WASM_MODULE", "")
    return {"WASM_MODULE": str(Path(given).expanduser().absolute())} if given else {}


class RequestedReplicas:
    """Numbers of replicas that were asked for; they survive `down` and `up`."""

    def __init__(self, state: Path) -> None:
        self._file = state / "replicas.json"

    def read(self) -> dict[str, int]:
        """Deployment -> number. A damaged file counts as empty."""
        try:
            data = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        if not isinstance(data, dict):
            return {}
        return {str(key): value for key, value in data.items() if isinstance(value, int)}

    def keep(self, deployment: str, replicas: int) -> None:
        """Remembers one."""
        write_private(self._file, json.dumps(self.read() | {deployment: replicas}))
