"""Settings: flag > environment > config file > default. Every value knows where it came from."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from controlroom.folders import config_dir
from controlroom.model import marking
from controlroom.model.marking import Markings
from host.paths import state_dir
from scenarios.limits import Limits, changed, read

PREFIX = "CONTROLROOM_"


class SettingsError(Exception):
    """One sentence that names the place and the key, one that says how to fix it."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. The names are the keys of the file; `CONTROLROOM_<NAME>` sets them too."""

    scenario: str = "bands"
    """Name of a scenario, or the path of its folder or its file."""
    state_dir: Path = field(default_factory=state_dir)
    """Folder of the stack's data, of the runs and of the logs."""
    read_only: bool = False
    """Nothing may be changed: no load, no chaos, no scaling, no purge."""
    durability: str = "process"
    """What the local stack's engines keep: `process` survives the death of any process, `power`
    flushes every record and counter to the disk too. Taken at the start of the stack."""
    color: str = "auto"
    """auto, always or never. NO_COLOR means never."""
    theme: str = "auto"
    """dark, light, contrast, sixteen, or the name of a file in the folder `themes` beside this
    one; auto is dark, or sixteen in a terminal with so many colours."""
    layout: str = ""
    """The layout that the room opens with: default, traffic, log, or one that was saved."""
    wall: bool = False
    """Open the room as a wall: one panel after the other, and no keys."""
    wall_seconds: int = 15
    """Seconds for which a wall shows each, 2 to 3600."""
    ascii: bool = False
    """Draw with ASCII signs only; where it is not set, the locale says (LANG=C)."""
    mouse: bool = True
    """Take mouse events in the room."""
    fps: int = 0
    """Frames per second of the room, 1 to 30; 0 chooses by the connection."""
    window: int = 30
    """Seconds that the golden metrics cover, 5 to 3600."""
    pace: int = 1
    """How many times as long as usual the room waits between two questions to a source, 1 to 10."""
    context: tuple[str, ...] = ()
    """Context of the kubeconfig, or a list of them; none is the local stack."""
    namespace: str = ""
    """Namespace of the services; empty is the context's own, or `controlroom`."""
    health: str = ""
    """Limits over those of the scenario, such as `slo = 0.99, lag = 1000 / 20000`: from the first
    figure on it is degraded, from the second on broken."""
    max_fault_seconds: int = 600
    """Longest duration of a fault."""
    max_load_seconds: int = 3600
    """Longest time of a load run."""
    max_users: int = 500
    """Most users of a load run."""
    max_runs: int = 200
    """Runs whose folders are kept; the oldest ended ones go when a new one starts."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Command -> its key in the room (the table `[keys]` of the file; only there)."""
    targets: Markings = field(default_factory=Markings)
    """Which targets are production, and which colour their names have (the table `[targets]` of
    the file; only there)."""
    profile: str = ""
    """Name of the settings of a table `[profiles.NAME]` of the file, which go over the others."""
    max_runs_mib: int = 2048
    """MiB that these folders may take together; beyond it the oldest ended ones go."""
    history_hours: int = 6
    """Hours that are kept of a target by themselves, to look back and to replay; 0 keeps none."""
    history_mb: int = 64
    """MiB that they take on the disk at most, for each target."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Name -> where its value came from: `--x`, a variable, `FILE`, or `default`."""

    @property
    def contexts(self) -> tuple[str, ...]:
        """Names of the contexts, in their order; empty for the local stack."""
        return self.context

    @property
    def plain(self) -> bool:
        """Whether the room draws in ASCII: as it is set; where nothing is, as the locale says."""
        if self.origin("ascii") != "default":
            return self.ascii
        from controlroom.terminal import ascii_locale

        return ascii_locale()

    def origin(self, name: str) -> str:
        """Where the value of `name` came from."""
        return self.origins.get(name, "default")


NAMES = tuple(one.name for one in fields(Settings) if one.name != "origins")
LISTS = ("context",)
"""Those that are names, one or several."""
TABLES = ("keys", "targets")
"""Those that are tables of the file, and have no variable."""
PROFILES = "profiles"
"""The table of the file with sets of settings by name."""
RANGES = {
    "fps": (0, 30),
    "wall_seconds": (2, 3600),
    "window": (5, 3600),
    "pace": (1, 10),
    "max_fault_seconds": (1, 86_400),
    "max_load_seconds": (1, 86_400),
    "max_users": (1, 100_000),
    "max_runs": (1, 100_000),
    "max_runs_mib": (1, 1_000_000),
    "history_hours": (0, 168),
    "history_mb": (8, 100_000),
}
CHOICES = {"color": ("auto", "always", "never"), "durability": ("process", "power")}
BOOLEANS = {
    "1": True, "true": True, "yes": True, "on": True,
    "0": False, "false": False, "no": False, "off": False, "": False,
}  # fmt: skip


def toml(path: Path) -> tuple[str, dict[str, Any]]:
    """A file of the user's: its text, so that a line can be named, and its table.

    Raises FileNotFoundError, and SettingsError where it is no TOML or cannot be read.
    """
    try:
        text = path.read_text("utf-8")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        raise
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}", "Fix that line.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", "Fix or remove the file.") from error


def config_file(environ: Mapping[str, str]) -> Path:
    """Where the user's config file is, or would be."""
    return config_dir(environ) / "config.toml"


def load(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """The settings of this process. Raises SettingsError for what cannot be understood.

    `flags` holds only what was given on the command line.
    """
    environ = os.environ if environ is None else environ
    path = file or config_file(environ)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def take(name: str, value: Any, origin: str) -> None:
        values[name] = _checked(name, value, origin)
        origins[name] = origin

    table, profiles = _from_file(path)
    for name, value in table.items():
        take(name, _exact(name, value, str(path)), str(path))
    for profile, own in profiles.items():
        for name, value in own.items():
            origin = f"{path}, profile {profile}"
            _checked(name, _exact(name, value, origin), origin)
    chosen = (flags or {}).get("profile") or environ.get(PREFIX + "PROFILE")
    chosen = chosen or values.get("profile", "")
    for name, value in _of_profile(path, profiles, chosen).items():
        take(name, value, f"{path}, profile {chosen}")
    if environ.get("NO_COLOR"):
        take("color", "never", "NO_COLOR")
    for name in NAMES:
        variable = PREFIX + name.upper()
        if environ.get(variable) and name not in TABLES:
            take(name, _of_variable(name, environ[variable], variable), variable)
    for name, value in (flags or {}).items():
        take(name, value, flag_of(name))
    return Settings(**values, origins=origins)


def over(settings: Settings, flags: Mapping[str, Any]) -> Settings:
    """The settings with flags over them. What is read-only stays so. Raises SettingsError."""
    given = {name: _checked(name, value, flag_of(name)) for name, value in flags.items()}
    given["read_only"] = settings.read_only or given.get("read_only", False)
    origins = {**settings.origins, **{name: flag_of(name) for name in flags}}
    return replace(settings, **given, origins=origins)


def as_variable(value: object) -> str:
    """A value as its variable says it to another process."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, tuple) else str(value)


def flag_of(name: str) -> str:
    """The flag of a setting, which is also its origin where that gave it."""
    return "--" + name.replace("_", "-")


def _from_file(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The settings of the file, and those of its profiles by name."""
    try:
        text, table = toml(path)
    except FileNotFoundError:
        return {}, {}
    profiles = table.pop(PROFILES, {})
    if not (isinstance(profiles, dict) and all(isinstance(o, dict) for o in profiles.values())):
        raise SettingsError(
            f"{place(path, text, PROFILES)}: {PROFILES} are tables",
            "Write [profiles.NAME] and the settings below it.",
        )
    for key in [*table, *(key for profile in profiles.values() for key in profile)]:
        if key not in NAMES:
            raise SettingsError(f"{place(path, text, key)}: unknown key {key!r}", _nearest(key))
    return table, profiles


def _of_profile(path: Path, profiles: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if not name or name in profiles:
        return profiles.get(name, {})
    known = f"It has {', '.join(profiles)}." if profiles else f"Write [profiles.{name}] into it."
    raise SettingsError(f"{path} has no profile {name!r}", known)


def place(path: Path, text: str, key: str) -> str:
    """The file and the line in which a key stands, for a sentence."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip(" [\"'").startswith(key):
            return f"{path}, line {number}"
    return str(path)


def _nearest(key: str) -> str:
    near = difflib.get_close_matches(key, NAMES, n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else "Known keys: " + ", ".join(NAMES) + "."


def _exact(name: str, value: Any, origin: str) -> Any:
    """A value of the file, which has types: numbers and truths are not written as texts there."""
    kind = str(Settings.__dataclass_fields__[name].type)
    if kind in ("bool", "int") and isinstance(value, str):
        raise SettingsError(f"{origin}: {name} = {value!r} is a text", "Leave the quotes out.")
    return value


def _of_variable(name: str, text: str, variable: str) -> Any:
    """What a variable says. Names have commas between them; one that has a comma itself can only
    be said by a list of TOML."""
    if name not in LISTS:
        return text
    if not text.lstrip().startswith("["):
        return [one.strip() for one in text.split(",")]
    try:
        return tomllib.loads(f"{name} = {text}")[name]
    except tomllib.TOMLDecodeError as error:
        fix = f'Write {variable}=\'["a", "b"]\', or a,b.'
        raise SettingsError(f"{variable} is no list: {error}", fix) from error


def _checked(name: str, value: Any, origin: str) -> Any:
    default = Settings.__dataclass_fields__[name].type
    convert = cast(Callable[[str, Any, str], Any], _CONVERTERS[str(default)])
    return convert(name, value, origin)


def _boolean(name: str, value: Any, origin: str) -> bool:
    known = BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else value
    if isinstance(known, bool):
        return known
    raise SettingsError(
        f"{origin}: {name} = {value!r} is neither true nor false", "Use true or false."
    )


def _integer(name: str, value: Any, origin: str) -> int:
    low, high = RANGES[name]
    try:
        whole = isinstance(value, float) and not value.is_integer()
        number = None if isinstance(value, bool) or whole else int(value)
    except (TypeError, ValueError):
        number = None
    if number is None or not low <= number <= high:
        raise SettingsError(
            f"{origin}: {name} = {value!r} is not possible", f"Use a whole number, {low} to {high}."
        )
    return number


def _text(name: str, value: Any, origin: str) -> str:
    choices = CHOICES.get(name)
    if not isinstance(value, str) or (choices and value not in choices):
        fix = f"Use {', '.join(choices)}." if choices else "Use a text in quotes."
        raise SettingsError(f"{origin}: {name} = {value!r} is not possible", fix)
    if name == "health":
        _limits(value, origin)
    return value


def _limits(value: str, origin: str) -> None:
    try:
        changed(Limits(), read(value))
    except ValueError as error:
        fix = "Write it as: lag = 1000 / 20000"
        raise SettingsError(f"{origin}: health: {error}", f"{fix}.") from error


def _path(name: str, value: Any, origin: str) -> Path:
    if isinstance(value, str) and value:
        return Path(value).expanduser().absolute()
    if isinstance(value, Path):
        return value.absolute()
    raise SettingsError(f"{origin}: {name} = {value!r} is not a path", "Use a text in quotes.")


def _table(name: str, value: Any, origin: str) -> Mapping[str, str]:
    if isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
        return MappingProxyType(value)
    raise SettingsError(f"{origin}: {name} is no table of texts", f'Write [{name}] and NAME = "x".')


def _names(name: str, value: Any, origin: str) -> tuple[str, ...]:
    """Each once and as it stands: a name may hold any sign, as it may for kubectl."""
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple) and all(isinstance(one, str) for one in names):
        return tuple(dict.fromkeys(one for one in names if one))
    raise SettingsError(
        f"{origin}: {name} = {value!r} is no name and no list of names", 'Use "a", or ["a", "b"].'
    )


def _markings(name: str, value: Any, origin: str) -> Markings:
    try:
        return marking.read(value)
    except marking.MarkingError as error:
        raise SettingsError(f"{origin}: {name}: {error}", error.fix) from error


_CONVERTERS = {
    "bool": _boolean,
    "int": _integer,
    "str": _text,
    "Path": _path,
    "Mapping[str, str]": _table,
    "Markings": _markings,
    "tuple[str, ...]": _names,
}
