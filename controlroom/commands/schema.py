"""The JSON schema of the config file, for editors, made of what the settings say of themselves."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from controlroom.commands.registry import commands
from controlroom.model.marking import COLOUR
from controlroom.settings import CHOICES, NAMES, PROFILES, RANGES, Settings
from scenarios.limits import NAMES as LIMITS

_NUMBER = r"[+-]?(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?"
_LIMIT = rf"\s*({'|'.join(LIMITS)})\s*=\s*{_NUMBER}(\s*/\s*{_NUMBER})?\s*"
_HEALTH = rf"^\s*$|^\s*,*{_LIMIT}(,+{_LIMIT}|,\s*)*$"
"""As `slo = 0.99, lag = 1000 / 20000`. That the worse figure stands last, no pattern says."""


def schema() -> dict[str, Any]:
    """Every setting with its type, bounds, choices, default and words; profiles with the same."""
    settings = {name: _setting(name) for name in NAMES}
    profile = _table(settings)
    words = "Sets of settings by name, of which `profile` or --profile takes one over the others."
    every = {**settings, PROFILES: {**_named(profile), "description": words}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config.toml of controlroom",
        **_table(every),
    }


def _table(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _setting(name: str) -> dict[str, Any]:
    made = dict(_KINDS[str(Settings.__dataclass_fields__[name].type)])
    if name in RANGES:
        made["minimum"], made["maximum"] = RANGES[name]
    if name in CHOICES:
        made["enum"] = list(CHOICES[name])
    if name == "health":
        made["pattern"] = _HEALTH
    if name == "keys":
        made["propertyNames"] = {"enum": [one.id for one in commands()]}
    default = Settings.__dataclass_fields__[name].default
    if isinstance(default, bool | int | str):
        made["default"] = default
    elif isinstance(default, tuple):
        made["default"] = list(default)
    return {"description": _words()[name], **made}


def _words() -> dict[str, str]:
    """What stands below each field."""
    (whole,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(whole, ast.ClassDef)
    found, name = {}, ""
    for one in whole.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            name = one.target.id
        elif isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and name:
            found[name] = " ".join(str(one.value.value).split())
    assert set(found) == {one.name for one in fields(Settings)}
    return found


_COLOURS = _named({"type": "string", "pattern": f"^{COLOUR.pattern}$"})
_PRODUCTION = {"type": "array", "items": {"type": "string", "minLength": 1}}
_NAMES = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
_KINDS: dict[str, dict[str, Any]] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "str": {"type": "string"},
    "Path": {"type": "string", "minLength": 1},
    "Mapping[str, str]": _named({"type": "string"}),
    "tuple[str, ...]": {"anyOf": _NAMES},
    "Markings": _table({"production": _PRODUCTION, "colours": _COLOURS}),
}
"""Type of a setting -> what its value may be."""
