"""Splits of traffic as files: reading, checks, and what is asked instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from controlroom.runs.errors import SpecError
from controlroom.runs.manifest import TITLE, named_file, read_yaml
from controlroom.runs.split_spec import SplitSpec
from controlroom.runs.yaml_lines import line_of
from host.durations import format_duration
from scenarios.scenario import Scenario
from stack.faults.splitting import API, NAME, SplitError, lasting, split_of, weighted

_LIST = "See `controlroom split list`."


@dataclass(frozen=True, slots=True)
class SplitFile:
    """One split that can be chosen."""

    path: str
    name: str
    title: str = ""
    """One line that says what it is for."""
    shares: tuple[str, ...] = ()
    duration: float | None = None
    error: str = ""
    """Why the file cannot be used; empty when it can."""


def splits_dir(scenario: Scenario | None) -> Path | None:
    """Where a scenario has its splits; None for one that is no folder."""
    return scenario.folder / "splits" if scenario is not None and scenario.folder else None


def split_files(folder: Path | None) -> list[SplitFile]:
    """All splits of a folder, by name; those that cannot be used say why."""
    return [_entry(path) for path in sorted(folder.glob("*.yaml"))] if folder else []


def find_split(name_or_path: str, folder: Path | None) -> SplitSpec:
    """The split of that name in the folder, or of that file. Raises SpecError."""
    return read_split(named_file("split", name_or_path, folder, _LIST))


def read_split(path: Path) -> SplitSpec:
    """The one split of a file. Raises SpecError that names file, line and field."""
    tree, manifest = read_yaml(
        path,
        NAME,
        _LIST,
        lambda text: (yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)),
    )
    try:
        return split_spec(manifest, str(path))
    except SplitError as error:
        line = f", line {line_of(tree, error.path)}" if tree is not None else ""
        raise SpecError(f"{path}{line}: {error.field}: {error}", error.fix) from None


def split_spec(manifest: object, source: str) -> SplitSpec:
    """A request for this split. Raises SplitError that names the field."""
    if not isinstance(manifest, dict):
        raise SplitError("must be an object.", (), "Write one TrafficSplit.")
    for key, wanted in (("apiVersion", API), ("kind", NAME)):
        if manifest.get(key) != wanted:
            raise SplitError(f"is {manifest.get(key)!r}.", (key,), f"Make it {wanted}.")
    for key in manifest:
        if key not in ("apiVersion", "kind", "metadata", "spec"):
            raise SplitError("is not known.", (str(key),), "Leave it out.")
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not name:
        raise SplitError("is not a text.", ("metadata", "name"), "Give it a name.")
    split_of(manifest.get("spec"))
    return SplitSpec(manifest, name, source)


def changed_split(
    spec: SplitSpec, longest: float, run_for: float | None, weights: Mapping[str, float]
) -> SplitSpec:
    """The request with its end, and with other weights. Raises SpecError that names the flag."""
    manifest = dict(spec.manifest)
    where = spec.source or spec.name
    try:
        if weights:
            manifest["spec"] = weighted(manifest["spec"], weights)
    except SplitError as error:
        raise SpecError(f"--weight: {error}", error.fix) from None
    if run_for is not None:
        manifest["spec"] = {**manifest["spec"], "duration": format_duration(run_for)}
    try:
        seconds = lasting(split_of(manifest["spec"]))
    except SplitError as error:
        named = "--duration" if run_for is not None else f"{where}: {error.field}"
        raise SpecError(f"{named}: {error}", error.fix) from None
    if seconds > longest:
        raise SpecError(
            f"{where} lasts {format_duration(seconds)}; "
            f"at most {format_duration(longest)} are allowed.",
            "Give a shorter --duration, or raise max_fault_seconds in the settings.",
        )
    return replace(spec, manifest=manifest, run_for=run_for, weights=dict(weights))


def _entry(path: Path) -> SplitFile:
    try:
        spec = read_split(path)
    except SpecError as error:
        return SplitFile(str(path), path.stem, error=f"{error.message} {error.fix}".strip())
    notes = spec.manifest["metadata"].get("annotations") or {}
    title = str(notes.get(TITLE, ""))
    return SplitFile(str(path), path.stem, title, spec.shares, spec.duration)
