"""`controlroom info`: versions, paths, settings and their origins, what is reachable."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from controlroom.commands.exits import Exit
from controlroom.commands.face import emit, emit_json
from controlroom.commands.table import table
from controlroom.runs.audit import audit_file
from controlroom.settings import NAMES, Settings, config_file
from controlroom.targets.abilities import TargetError
from controlroom.targets.choosing import targets_of
from host.paths import cache_dir
from host.version import VERSION

DESCRIPTION = """\
Print versions, paths, every setting with the place it came from, and whether the
local stack answers. The config file is TOML, its keys are the settings' names."""
EXAMPLES = (
    "controlroom info",
    "controlroom info --json | jq .settings.fps",
    "controlroom info --schema > config.schema.json",
)
PACKAGES = (
    "textual",
    "aiokafka",
    "redis",
    "motor",
    "grpcio",
    "httpx",
    "locust",
    "prometheus-api-client",
    "kubernetes",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what else it prints."""
    parser.add_argument(
        "--schema", action="store_true", help="the JSON schema of the config file, for editors"
    )


async def main(args: argparse.Namespace) -> Exit:
    """Collects it; a stack that is away is a fact, not an error."""
    settings: Settings = args.settings
    if args.schema:
        from controlroom.commands.schema import schema

        emit(json.dumps(schema(), indent=2))
        return Exit.OK
    facts = {
        "versions": {"controlroom": VERSION, "python": platform.python_version()}
        | {name: found for name in PACKAGES if (found := _version(name))},
        "paths": {
            "config": str(config_file(os.environ)),
            "state": str(settings.state_dir),
            "runs": str(settings.state_dir / "runs"),
            "audit": str(audit_file(settings.state_dir)),
            "log": str(settings.state_dir / "log"),
            "cache": str(cache_dir()),
        },
        "settings": {
            name: {"value": _plain(getattr(settings, name)), "from": settings.origin(name)}
            for name in NAMES
        },
        "stack": await _stack(settings),
    }
    if args.json:
        emit_json(facts)
    else:
        emit(shown(facts))
    return Exit.OK


def shown(facts: dict[str, Any]) -> str:
    """Four small tables."""
    settings = [(name, _text(one["value"]), one["from"]) for name, one in facts["settings"].items()]
    stack: dict[str, str] = facts["stack"]
    parts = [
        table(("version", ""), list(facts["versions"].items()), left=2),
        table(("path", ""), list(facts["paths"].items()), left=2),
        table(("setting", "value", "from"), settings, left=3),
        table(("stack", ""), [(key, _readable(key, one)) for key, one in stack.items()], left=2),
    ]
    return "\n\n".join(parts)


async def _stack(settings: Settings) -> dict[str, str]:
    """What the target says of itself; of several contexts the first one."""
    target = targets_of(settings)[0]
    try:
        info = await target.info()
    except TargetError as error:
        return {"state": "away", "message": str(error)}
    finally:
        await target.close()
    return dict(info.details)


def _readable(key: str, value: str) -> str:
    if key != "started":
        return value
    return datetime.fromtimestamp(float(value)).isoformat(" ", "seconds")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {key}" for name, key in value.items())
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int) else str(value)


def _text(value: object) -> str:
    """As a shell would want it, where it is a list."""
    return " ".join(map(shlex.quote, value)) if isinstance(value, list) else str(value)
