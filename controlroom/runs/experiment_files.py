"""Experiments as files: finding and reading them, and what they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from controlroom.experiments.errors import ExperimentError
from controlroom.experiments.format import Arm, Experiment, Inject, read
from controlroom.experiments.planning import lasting, ordered
from controlroom.runs.catalog import chaos_dirs, find
from controlroom.runs.errors import SpecError
from controlroom.runs.experiment_spec import ExperimentSpec, Injected
from controlroom.runs.manifest import bounded, named_file, read_yaml
from controlroom.runs.spec import LONGEST, ChaosSpec
from controlroom.runs.splits import changed_split, find_split, splits_dir
from controlroom.runs.yaml_lines import line_of
from controlroom.verdicts.planning import LEAST_ROUNDS
from host.durations import parse_duration, rounded
from scenarios.errors import ScenarioError
from scenarios.loading import load
from scenarios.scenario import Scenario

WORD = "experiment"
MOST_ROUNDS = 200
_LIST = "See `controlroom experiment list`."


@dataclass(frozen=True, slots=True)
class ExperimentFile:
    """One experiment that can be chosen."""

    path: str
    name: str
    title: str = ""
    arms: tuple[str, ...] = ()
    rounds: int = 0
    lasts: float = 0.0
    """Seconds, about."""
    error: str = ""
    """Why the file cannot be used; empty when it can."""


def experiments_dir(scenario: Scenario | None) -> Path | None:
    """Where a scenario has its experiments; None for one that is no folder."""
    return scenario.folder / "experiments" if scenario is not None and scenario.folder else None


def experiment_files(folder: Path | None) -> list[ExperimentFile]:
    """All of a folder, by name; those that cannot be used say why."""
    return [entry_of(path) for path in sorted(folder.glob("*.yaml"))] if folder else []


def entry_of(path: Path) -> ExperimentFile:
    """What can be chosen, of one file."""
    try:
        plan, experiment = read_experiment(path)
        asked(plan, experiment, path, 3600.0)
    except SpecError as error:
        return ExperimentFile(str(path), path.stem, error=f"{error.message} {error.fix}".strip())
    arms = tuple(arm.name for arm in experiment.arms)
    many = rounds_of(experiment, path)
    lasts = lasting(experiment, many)
    return ExperimentFile(str(path), path.stem, experiment.title, arms, many, lasts)


def find_experiment(name_or_path: str, folder: Path | None) -> Path:
    """The file of that name in the folder, or that file. Raises SpecError."""
    return named_file(WORD, name_or_path, folder, _LIST)


def read_experiment(path: Path) -> tuple[Mapping[str, Any], Experiment]:
    """What the file holds, and what it means. Raises SpecError that names file, line, field."""
    tree, plan = read_yaml(
        path,
        WORD,
        _LIST,
        lambda text: (yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)),
    )
    try:
        return plan, read(plan)
    except ExperimentError as error:
        line = f", line {line_of(tree, error.path)}" if tree is not None else ""
        named = f": {error.field}" if error.field else ""
        raise SpecError(f"{path}{line}{named} {error}", error.fix) from None


def asked(
    plan: Mapping[str, Any],
    experiment: Experiment,
    path: Path,
    longest: float,
    rounds: int | None = None,
    seed: int = 0,
) -> ExperimentSpec:
    """The request for it, with all that it names. `longest` is what a fault may last, in seconds.

    Raises SpecError for what it names and is not there, or cannot be used.
    """
    many = rounds_of(experiment, path) if rounds is None else rounds
    lasts = lasting(experiment, many)
    if lasts > LONGEST:
        raise SpecError(f"{path} takes more than a day with {many} rounds.", "Give fewer.")
    try:
        scenario = load(experiment.scenario)
    except ScenarioError as error:
        raise SpecError(f"{path}: scenario: {error.message}", error.fix) from None
    arms = experiment.arms
    if scenario.wasm is None and "wasm" in [experiment.door(arm) for arm in arms]:
        raise SpecError(
            f"{path}: the scenario {scenario.name} has no paths for the WASM producer.",
            "Let its arms go by http or grpc.",
        )
    hits = _Hits(path, experiment, scenario, longest)
    return ExperimentSpec(
        plan, path.stem, str(path), many, rounds, seed,
        tuple(ordered(experiment, many, seed)), lasts,
        hits.faults(arms), hits.splits(arms), scenario=experiment.scenario,
    )  # fmt: skip


def rounds_of(experiment: Experiment, path: Path) -> int:
    """The file's; where it wants a width those that there is time for. Raises SpecError."""
    if experiment.width is None:
        return experiment.rounds
    found = int(parse_duration(experiment.within) // lasting(experiment, 1))
    if found < LEAST_ROUNDS:
        raise SpecError(
            f"{path}: within: {experiment.within} has time for {found} rounds, and a verdict takes "
            f"{LEAST_ROUNDS}.",
            f"Give {rounded(lasting(experiment, LEAST_ROUNDS))} or more, or shorter phases.",
        )
    return min(found, MOST_ROUNDS)


class _Hits:
    """What the arms inject: read once, and bounded by the fault phase."""

    def __init__(
        self, path: Path, experiment: Experiment, scenario: Scenario, longest: float
    ) -> None:
        self._path = path
        self._experiment = experiment
        self._scenario = scenario
        self._longest = longest

    def faults(self, arms: Sequence[Arm]) -> dict[str, Injected]:
        """By what the file calls them."""
        every = [each for arm in arms for each in self._experiment.faults_of(arm)]
        return {each.file: self._fault(each) for each in every}

    def splits(self, arms: Sequence[Arm]) -> dict[str, Injected]:
        """By what the file calls them."""
        every = [each for arm in arms for each in self._experiment.splits_of(arm)]
        return {each.file: self._split(each) for each in every}

    def _fault(self, each: Inject) -> Injected:
        try:
            found = find(self._near(each.file), chaos_dirs(self._scenario))
            return _kept(bounded(found, self._longest, self._left(each, found)))
        except SpecError as error:
            raise self._named(error) from None

    def _split(self, each: Inject) -> Injected:
        try:
            found = find_split(self._near(each.file), splits_dir(self._scenario))
            return _kept(changed_split(found, self._longest, self._left(each, found), {}))
        except SpecError as error:
            raise self._named(error) from None

    def _left(self, each: Inject, found: ChaosSpec) -> float | None:
        """It ends with the fault phase, at the latest."""
        if found.one_shot:
            return None
        return max(1.0, self._experiment.phases.seconds["fault"] - parse_duration(each.at))

    def _near(self, name: str) -> str:
        """A path is that of the experiment's own folder."""
        beside = self._path.parent / name
        return str(beside) if "/" in name or beside.is_file() else name

    def _named(self, error: SpecError) -> SpecError:
        return SpecError(f"{self._path}: {error.message}", error.fix)


def _kept(spec: ChaosSpec) -> Injected:
    return Injected(spec.manifest, spec.name, spec.source, spec.run_for)
