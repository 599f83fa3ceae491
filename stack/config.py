"""What one stack is started with, and what it remembers from start to start."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from host.errors import StackError
from host.paths import private_dir, write_private
from host.project import PROJECT
from scenarios import loading
from scenarios.scenario import Scenario

MANIFESTS = PROJECT / "k8s" / "overlays" / "local"


@dataclass(frozen=True, slots=True)
class StackConfig:
    """Where the stack lives and what it runs."""

    state: Path
    scenario: str = "bands"
    """A name, or the path of a scenario file."""
    manifests: Path = MANIFESTS
    project: Path = PROJECT
    """The folder that the commands of the manifests run in."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A scenario that has been checked. `reference` is what the services are given."""

    scenario: Scenario
    reference: str
    file: Path


def choose(name_or_path: str, state: Path) -> Chosen:
    """Loads the scenario; a user's own file is copied, so that the services outlive it.

    Raises StackError with the place in the file.
    """
    try:
        scenario = loading.load(name_or_path)
        file = loading.file_of(name_or_path)
    except loading.ScenarioError as error:
        fix = str(getattr(error, "fix", "")) or "Fix the scenario file."
        raise StackError(f"Scenario: {error}.", fix, "refused") from error
    if scenario.name in loading.names() and file.samefile(loading.file_of(scenario.name)):
        return Chosen(scenario, scenario.name, file)
    copy = private_dir(state / "scenarios") / f"{scenario.name}.toml"
    try:
        if not (copy.exists() and copy.samefile(file)):
            shutil.copyfile(file, copy)
    except OSError as error:
        raise StackError(f"{copy}: {error.strerror}.", "Look at that path.") from error
    return Chosen(scenario, str(copy), copy)


def overridden(
    config_maps: Mapping[str, Mapping[str, str]], environ: Mapping[str, str]
) -> dict[str, Mapping[str, str]]:
    """The ConfigMaps, with each bound of `retention` that CONTROLROOM_<BOUND> sets otherwise."""
    bounds = config_maps.get("retention", {})
    own = {name: environ.get(f"CONTROLROOM_{name}") or value for name, value in bounds.items()}
    return {**config_maps, "retention": own}


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
