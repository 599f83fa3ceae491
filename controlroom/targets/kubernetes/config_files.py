"""The files of a kubeconfig, merged as kubectl merges them, and one context picked from them.

Only what a context uses is looked at closely, so that a mistake elsewhere keeps nobody out.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controlroom.targets.abilities import WrongConfig
from host.paths import lab_dir

Json = Mapping[str, Any]

FIX = "Name one of your contexts by --context, or set KUBECONFIG to the file that has it."
SEVERAL = "Give --context once for each; in the config file several are a list."
_KINDS = ("contexts", "clusters", "users")
_TEXT, _SWITCH, _LIST, _TABLE = "a text", "true or false", "a list", "a table"
_TYPES: Mapping[str, type] = {_TEXT: str, _SWITCH: bool, _LIST: list, _TABLE: dict}
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "context": {"cluster": _TEXT, "user": _TEXT, "namespace": _TEXT},
    "cluster": {
        "server": _TEXT,
        "certificate-authority": _TEXT,
        "certificate-authority-data": _TEXT,
        "insecure-skip-tls-verify": _SWITCH,
        "tls-server-name": _TEXT,
        "proxy-url": _TEXT,
    },
    "user": {
        "client-certificate": _TEXT,
        "client-certificate-data": _TEXT,
        "client-key": _TEXT,
        "client-key-data": _TEXT,
        "token": _TEXT,
        "tokenFile": _TEXT,
        "username": _TEXT,
        "password": _TEXT,
        "exec": _TABLE,
        "auth-provider": _TABLE,
    },
    "exec": {
        "command": _TEXT,
        "apiVersion": _TEXT,
        "args": _LIST,
        "env": _LIST,
        "interactiveMode": _TEXT,
        "provideClusterInfo": _SWITCH,
        "installHint": _TEXT,
    },
    "auth-provider": {"name": _TEXT, "config": _TABLE},
    "env": {"name": _TEXT, "value": _TEXT},
}
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Fields that name files, relative to the file that they are in."""


@dataclass(frozen=True, slots=True)
class ConfigEntry:
    """One named entry and the file that it is from."""

    value: Any
    file: Path


@dataclass(slots=True)
class Merged:
    """All files as one. The first file that has a name wins."""

    files: list[Path] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)
    contexts: dict[str, ConfigEntry] = field(default_factory=dict)
    clusters: dict[str, ConfigEntry] = field(default_factory=dict)
    users: dict[str, ConfigEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picked:
    """What one context uses, its fields of the right types and its paths absolute."""

    context: dict[str, Any]
    cluster: dict[str, Any]
    user: dict[str, Any]
    user_folder: Path
    """Where the user's file is; its plugin may be named relative to it."""


def paths() -> list[Path]:
    """The files, as `KUBECONFIG` lists them, and that of a lab that is up."""
    given = os.environ.get("KUBECONFIG", "")
    named = [Path(each).expanduser() for each in given.split(os.pathsep) if each]
    return [*(named or [_usual()]), lab_dir() / "kubeconfig"]


def _usual() -> Path:
    return Path.home() / ".kube" / "config"


def merged() -> Merged:
    """Reads them again. Raises WrongConfig for a file that cannot be read or is no kubeconfig."""
    found = Merged()
    silent = (_usual(), lab_dir() / "kubeconfig")
    for path in paths():
        text = _text(path)
        if text is not None:
            found.files.append(path)
            _merge(found, path, text)
        elif path not in silent:
            found.missing.append(path)
    return found


def pick(found: Merged, name: str) -> Picked:
    """One context. Raises WrongConfig where it is not there or cannot be used."""
    if name not in found.contexts:
        raise _unknown(found, name)
    entry = found.contexts[name]
    context = _checked(name, "context", entry.value, f"the context {name!r}")
    if not context.get("cluster"):
        raise WrongConfig(f"The context {name!r} names no cluster.", _mend(entry.file))
    cluster = _part(found.clusters, name, "cluster", context["cluster"], entry.file)
    user: dict[str, Any] = {}
    folder = entry.file.parent
    if context.get("user"):
        user = _part(found.users, name, "user", context["user"], entry.file)
        folder = found.users[context["user"]].file.parent
    return Picked(context, cluster, user, folder.absolute())


def _unknown(found: Merged, name: str) -> WrongConfig:
    known = (
        f"It has {', '.join(map(shlex.quote, found.contexts))}."
        if found.contexts
        else "It has none."
    )
    missing = [f"{path} is missing." for path in found.missing]
    if found.missing and not found.contexts:
        return WrongConfig(" ".join(missing), FIX)
    read = os.pathsep.join(map(str, found.files or [_usual()]))
    if not found.files:
        return WrongConfig(f"There is no kubeconfig: {read} is missing.", FIX)
    words = [f"The kubeconfig {read} has no context {name!r}.", known, *missing]
    several = "," in name and all(one.strip() in found.contexts for one in name.split(","))
    return WrongConfig(" ".join(words), SEVERAL if several else FIX)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WrongConfig(f"{path} cannot be read: {error.strerror}.", FIX) from error
    except UnicodeDecodeError as error:
        raise WrongConfig(f"{path} is not a kubeconfig: it is not UTF-8.", FIX) from error


def _merge(found: Merged, path: Path, text: str) -> None:
    import yaml

    try:
        # the pure loader is slow, and one with many clusters is large
        body = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why = " ".join(str(error).split())
        raise WrongConfig(f"{path} is not a kubeconfig: {why}.", FIX) from error
    if body is None:
        return
    if not isinstance(body, dict):
        raise WrongConfig(f"{path} is not a kubeconfig: it holds {_word(body)}.", FIX)
    for kind in _KINDS:
        known: dict[str, ConfigEntry] = getattr(found, kind)
        for name, value in _named(path, kind, body.get(kind)):
            known.setdefault(name, ConfigEntry(value, path))


def _named(path: Path, kind: str, entries: Any) -> Sequence[tuple[str, Any]]:
    if entries is None:
        return []
    wrong = f"{path} is not a kubeconfig: {kind}"
    if not isinstance(entries, list):
        raise WrongConfig(f"{wrong} is {_word(entries)} and has to be a list.", _mend(path))
    found = []
    for place, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or entry.get("name") is None:
            raise WrongConfig(f"{wrong} has no name at place {place}.", _mend(path))
        found.append((str(entry["name"]), entry.get(kind.removesuffix("s"))))
    return found


def _part(
    known: Mapping[str, ConfigEntry], context: str, kind: str, name: str, file: Path
) -> dict[str, Any]:
    if name not in known:
        words = f"The context {context!r} names the {kind} {name!r}, which no kubeconfig has."
        raise WrongConfig(words, _mend(file))
    entry = known[name]
    where = f"the {kind} {name!r}"
    part = _checked(context, kind, entry.value, where)
    for nested in ("exec", "auth-provider"):
        if nested in part:
            part[nested] = _checked(context, nested, part[nested], f"{nested} of {where}")
    if "exec" in part:
        _check_exec(context, part["exec"], f"exec of {where}")
    for each in _PATHS:
        if part.get(each):
            part[each] = str(entry.file.parent.absolute() / part[each])
    return part


def _checked(context: str, kind: str, value: Any, where: str) -> dict[str, Any]:
    """The fields that are there, those that are known of the right type."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(context, where, "", value, _TABLE)
    fields = _FIELDS[kind]
    for name, wanted in fields.items():
        given = value.get(name)
        if given is not None and not isinstance(given, _TYPES[wanted]):
            raise _wrong(context, where, name, given, wanted)
    return {str(name): given for name, given in value.items() if given is not None}


def _check_exec(context: str, plugin: Json, where: str) -> None:
    for needed in ("command", "apiVersion"):
        if not plugin.get(needed):
            raise _wrong(context, where, needed, plugin.get(needed), _TEXT)
    for each in plugin.get("args", ()):
        if not isinstance(each, str):
            raise _wrong(context, where, "args", each, "a list of texts")
    for each in plugin.get("env", ()):
        _checked(context, "env", each, f"env in {where}")
    modes = ("Never", "IfAvailable", "Always")
    mode = plugin.get("interactiveMode", modes[1])
    if mode not in modes:
        raise _wrong(context, where, "interactiveMode", mode, f"one of {', '.join(modes)}")


def _wrong(context: str, where: str, name: str, given: Any, wanted: str) -> WrongConfig:
    what = f"{name} in {where}" if name else where
    there = "is missing" if given is None else f"is {_word(given)}"
    return WrongConfig(
        f"The context {context!r} cannot be used: {what} {there} and has to be {wanted}.",
        f"Put it in quotes: {name}: '{given}'."
        if wanted == _TEXT and isinstance(given, int | float) and not isinstance(given, bool)
        else "Fix that field of your kubeconfig.",
    )


def _word(value: Any) -> str:
    """A value as a sentence names it; texts may be secrets and are not shown."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    for word, kind in _TYPES.items():
        if isinstance(value, kind):
            return word
    return f"a {type(value).__name__}"


def _mend(file: Path) -> str:
    return f"Fix {file}, or set KUBECONFIG to another file."
