"""Checks objects against the real CustomResourceDefinitions of tests/schemas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).resolve().parent / "schemas"


def problems(manifest: Mapping[str, Any], file: str) -> list[str]:
    """What the schema in that file says against a manifest."""
    version = str(manifest.get("apiVersion", "")).rpartition("/")[2]
    served = _served(file)
    if version not in served:
        return [f"apiVersion: {version!r} is not served ({', '.join(served)} are)"]
    found = served[version].iter_errors(manifest)
    return [f"{error.json_path}: {error.message}" for error in found]


@cache
def _served(file: str) -> dict[str, Draft202012Validator]:
    """Version -> what checks its objects. The largest of these files has 14,000 lines."""
    with (SCHEMAS / file).open() as text:
        definition = yaml.load(text, Loader=yaml.CSafeLoader)
    return {
        one["name"]: Draft202012Validator(_closed(one["schema"]["openAPIV3Schema"]))
        for one in definition["spec"]["versions"]
    }


def _closed(schema: Any) -> Any:
    """As a cluster reads it: an unlisted key of a structural object is dropped, so refused here."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _closed(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made
