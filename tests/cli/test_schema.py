"""The schema of the config file says of every file what the reader says of it."""

from __future__ import annotations

import itertools
import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from controlroom.commands.keymap import apply
from controlroom.commands.registry import commands, replace
from controlroom.commands.schema import schema
from controlroom.settings import CHOICES, NAMES, RANGES, SettingsError, load
from tests.cli.running import controlroom
from tests.cli.test_settings import MARKED, PROFILED, written

CHECK = jsonschema.Draft202012Validator(schema())
VALUES = (
    *("true", "0", "1", "5", "-1", "99_999_999", "1.5", "60.0"),
    *('""', '"x"', '"7"', '"true"', '"always"', '"power"', '"lag = 1000 / 20000"', '"lag = x"'),
    *("[]", '["a"]', "{}", "{ load = 'f2' }", "{ load = 3 }", "{ lod = 'f2' }"),
    *('{ production = ["p-*"] }', '{ production = [""] }', "{ production = 'p' }"),
    *("{ colours = { a = '#a0b0c0' } }", "{ colours = { a = 'red' } }", "{ colour = {} }"),
)
"""TOML values of every kind; each is tried for each setting."""
BOUNDS = [
    f"{name} = {bound + step}"
    for name, bounds in RANGES.items()
    for bound, step in itertools.product(bounds, (-1, 0, 1))
]
WHOLE = [
    *(f"{name} = {value}" for name in NAMES if name != "profile" for value in VALUES),
    *(f"[profiles.a]\n{name} = {value}" for name in NAMES for value in ("true", "-1", '"7"', "{}")),
    *(f'{name} = "{one}"' for name, choices in CHOICES.items() for one in choices),
    *BOUNDS,
    *(
        MARKED,
        PROFILED,
        "",
        "fsp = 1",
        "profiles = 3",
        "[profiles]\na = 3",
        "[profiles.a]\nfsp = 2",
    ),
    *(
        f'health = "{one}"'
        for one in ("slo = 0.9", "slo=.9,burn = 6/14.4", " ", "lag", "lg = 1 / 2")
    ),
]
BEYOND = [
    'health = "lag = 20000 / 1000"',
    'health = "slo = 2"',
    'keys = { load = "j" }',
    'profile = "x"',
]
"""What no schema says: which of two figures is the worse one, which keys panels have, and which
profiles the file has."""


def read(folder: Path, text: str) -> bool:
    """Whether the program starts with that file."""
    before = commands()
    try:
        apply(load({}, written(folder, text)).keys, "config.toml")
    except SettingsError:
        return False
    finally:
        for one in before:
            replace(one)
    return True


@pytest.mark.parametrize("part", range(8))
def test_a_file_is_valid_where_it_can_be_read(tmp_path: Path, part: int) -> None:
    told: dict[bool, int] = {True: 0, False: 0}
    for text in WHOLE[part::8]:
        valid = CHECK.is_valid(tomllib.loads(text))
        assert valid is read(tmp_path, text), text
        told[valid] += 1
    assert all(told.values())


@pytest.mark.parametrize("text", BEYOND)
def test_what_no_schema_says_the_reader_does(tmp_path: Path, text: str) -> None:
    assert CHECK.is_valid(tomllib.loads(text))
    assert not read(tmp_path, text)


def test_it_is_a_schema_and_has_words_for_every_setting() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    properties = schema()["properties"]
    assert set(properties) == {*NAMES, "profiles"}
    assert all(one["description"].endswith(".") for one in properties.values())
    assert properties["window"]["default"] == 30


@pytest.mark.processes
def test_the_command_line_prints_it(tmp_path: Path) -> None:
    assert json.loads(controlroom(tmp_path, "info", "--schema").stdout) == schema()
