"""Chaos Mesh objects as files: reading, first checks, and the stamp of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from controlroom.runs.errors import SpecError
from controlroom.runs.spec import ChaosSpec
from host.durations import format_duration, parse_duration
from stack.faults.kind import API
from stack.faults.model import COUNTED, MODES, NAME_LABEL
from stack.faults.registry import kind_of

T = TypeVar("T")
Asked = TypeVar("Asked", bound=ChaosSpec)
LARGEST = 1 << 20
MANAGED_BY = "app.kubernetes.io/managed-by"
RUN_LABEL = "controlroom/run"
TITLE = "controlroom/title"
SAFETY = "controlroom/safety"


def read_chaos(path: Path) -> ChaosSpec:
    """The one object of a file. Raises SpecError that names file, line or field."""
    return chaos_spec(_read(path), str(path))


def chaos_spec(manifest: object, source: str) -> ChaosSpec:
    """A request for this fault. Raises SpecError that names the field that cannot be used.

    Only what every target needs is checked; what a target cannot do it says itself.
    """
    if not isinstance(manifest, dict):
        raise SpecError(f"{source} does not hold an object.", "Write one Chaos Mesh object.")
    if manifest.get("apiVersion") != API:
        raise SpecError(
            f"{source}: apiVersion is {manifest.get('apiVersion')!r}.", f"Make it {API}."
        )
    _text(manifest, "kind", source)
    name = _text(_table(manifest, "metadata", source), "name", source, "metadata.")
    spec = _table(manifest, "spec", source)
    kind = kind_of(manifest["kind"])
    if kind.actions:
        _text(spec, "action", source, "spec.")
    if kind.ends and kind.selects:
        _table(spec, "selector", source, "spec.")
    _check_duration(spec, source)
    return ChaosSpec(manifest, name, source)


def bounded(spec: ChaosSpec, longest: float, run_for: float | None = None) -> ChaosSpec:
    """The request with the time at which the fault ends.

    Raises SpecError where no time is given, or a later one than is allowed.
    """
    kind = kind_of(spec.kind)
    if not kind.ends:
        raise SpecError(
            f"{spec.source or spec.name}: {kind.name} cannot be run from here: {kind.not_here}.",
            kind.instead,
        )
    wanted = spec if run_for is None else _lasting(spec, run_for)
    if wanted.one_shot:
        return wanted
    if wanted.duration is None or wanted.duration <= 0:
        where = "spec.duration is missing" if kind.selects else f"{kind.name} has no end"
        raise SpecError(
            f"{spec.source or spec.name}: {where}, so it would not end.",
            "Write one such as 30s there, or give --duration 30s.",
        )
    if wanted.duration > longest:
        raise SpecError(
            f"{spec.source or spec.name} lasts {format_duration(wanted.duration)}; "
            f"at most {format_duration(longest)} are allowed.",
            "Give a shorter --duration, or raise max_fault_seconds in the settings.",
        )
    return wanted


def changed(spec: ChaosSpec, mode: str = "", value: str = "", target: str = "") -> ChaosSpec:
    """The request with another mode, value or target; what is empty stays as the object has it.

    Of one that holds others it is changed in all of them. Raises SpecError that names the flag.
    """
    if not (mode or value or target):
        return spec
    kind = kind_of(spec.kind)
    manifest = deepcopy(dict(spec.manifest))
    body = manifest["spec"]
    bodies = [body] if kind.selects else [held for _, held in kind.parts(body)]
    if not kind.ends or not bodies:
        raise SpecError(f"{spec.kind} has no mode, value and target of its own.", "Edit the file.")
    for one in bodies:
        _change(one, mode, value, target, spec.source or spec.name)
    notes = manifest["metadata"].setdefault("annotations", {})
    # what the file says of itself and of its danger is not true of the changed object
    notes.pop(TITLE, None)
    notes[SAFETY] = "blast"
    return replace(spec, manifest=manifest, mode=mode, value=value, target=target)


def _change(body: dict[str, Any], mode: str, value: str, target: str, source: str) -> None:
    if mode:
        _set_mode(body, mode)
    if value:
        body["value"] = value
    if mode or value:
        _check_value(body)
    if target:
        _aim(_table(body, "selector", source), target, source)


def _set_mode(body: dict[str, Any], mode: str) -> None:
    if mode not in MODES:
        raise SpecError(f"--mode {mode} is not known.", f"Use one of {', '.join(MODES)}.")
    body["mode"] = mode
    if MODES[mode] not in COUNTED:
        body.pop("value", None)


def _check_value(body: Mapping[str, Any]) -> None:
    mode, value = MODES.get(str(body.get("mode"))), str(body.get("value", ""))
    if mode not in COUNTED:
        if value:
            raise SpecError(
                f"--value {value} means nothing with mode {mode}.",
                f"Give --mode with it, one of {', '.join(sorted(COUNTED))}.",
            )
        return
    most = None if mode == "fixed" else 100
    good = value.isascii() and value.isdigit() and int(value) > 0
    if not good or (most is not None and int(value) > most):
        bound = "of 1 or more" if most is None else "from 1 to 100"
        given = f"--value {value} cannot be used with" if value else "--value is missing for"
        raise SpecError(
            f"{given} mode {mode}.",
            f"Give a whole number {bound}.",
        )


def _aim(selector: dict[str, Any], target: str, source: str) -> None:
    labels = selector.get("labelSelectors")
    if not isinstance(labels, dict) or NAME_LABEL not in labels:
        raise SpecError(
            f"--target: {source} does not select by {NAME_LABEL}.", "Edit its selector instead."
        )
    labels[NAME_LABEL] = target


def aimed(spec: Asked, context: str, namespace: str) -> Asked:
    """The request for one cluster; for the local stack where no context is named."""
    return replace(spec, context=context, namespace=namespace) if context else spec


def stamped(spec: ChaosSpec, run: str) -> dict[str, Any]:
    """The object as it is injected for a run: labelled, so that it is found again."""
    manifest: dict[str, Any] = deepcopy(dict(spec.manifest))
    labels = manifest["metadata"].setdefault("labels", {})
    labels[MANAGED_BY] = "controlroom"
    labels[RUN_LABEL] = run
    return manifest


def _lasting(spec: ChaosSpec, seconds: float) -> ChaosSpec:
    if spec.one_shot:
        raise SpecError(
            f"--duration cannot be kept: {spec.action} is over at once.", "Leave --duration out."
        )
    if seconds <= 0:
        raise SpecError("--duration 0s cannot be used.", "Give a time such as 30s.")
    manifest = deepcopy(dict(spec.manifest))
    kind_of(spec.kind).last(manifest, format_duration(seconds))
    return replace(spec, manifest=manifest, run_for=seconds)


def named_file(word: str, name_or_path: str, folder: Path | None, fix: str) -> Path:
    """The file of that name in the folder, or that file. Raises SpecError, which says what it is
    no name of (`word`) and how to find one (`fix`)."""
    if "/" in name_or_path or Path(name_or_path).exists():
        return Path(name_or_path).expanduser()
    known = folder / f"{name_or_path}.yaml" if folder else None
    if known is None or not known.is_file():
        raise SpecError(f"No {word} is called {name_or_path}.", fix)
    return known


def read_yaml(path: Path, wanted: str, known: str, parse: Callable[[str], T]) -> T:
    """What `parse` makes of the text of a file that is to hold one `wanted`; `known` says where to
    find some. Raises SpecError that names the file, and the line where it is not YAML."""
    try:
        if path.stat().st_size > LARGEST:
            raise SpecError(f"{path} is larger than 1 MiB.", f"Give one {wanted}.")
        return parse(path.read_text("utf-8"))
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}.", known) from None
    except UnicodeDecodeError:
        raise SpecError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise SpecError(f"{path}{line} is not YAML: {problem}.", "Fix that line.") from None


def _read(path: Path) -> object:
    documents = read_yaml(
        path,
        "Chaos Mesh object",
        "See `controlroom chaos list`.",
        lambda text: [one for one in yaml.safe_load_all(text) if one is not None],
    )
    if len(documents) != 1:
        raise SpecError(
            f"{path} holds {len(documents)} objects; one is wanted.", "Write a file for each."
        )
    return documents[0]


def _table(parent: Mapping[str, Any], key: str, source: str, where: str = "") -> dict[str, Any]:
    value = parent.get(key)
    if not isinstance(value, dict):
        raise SpecError(f"{source}: {where}{key} is not an object.", f"Write {where}{key}: there.")
    return value


def _text(parent: Mapping[str, Any], key: str, source: str, where: str = "") -> str:
    value = parent.get(key)
    if not isinstance(value, str) or not value:
        raise SpecError(f"{source}: {where}{key} is not a text.", f"Give {where}{key} a text.")
    return value


def _check_duration(spec: Mapping[str, Any], source: str) -> None:
    given = spec.get("duration")
    if given is None:
        return
    try:
        if not isinstance(given, str):
            raise ValueError(f"{given!r} is not a duration; write it like 30s.")
        parse_duration(given)
    except ValueError as error:
        raise SpecError(f"{source}: spec.duration: {error}", "Fix that field.") from None
