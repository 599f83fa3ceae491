"""Settings: which place wins, and what is said of a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.commands.parsers import flags_of, split
from controlroom.model.marking import Marking, Markings
from controlroom.settings import SettingsError, as_variable, config_file, load


def written(folder: Path, text: str) -> dict[str, str]:
    """The environment of a user with that config file."""
    environ = {"CONTROLROOM_CONFIG_DIR": str(folder)}
    config_file(environ).write_text(text)
    return environ


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    environ = written(tmp_path, "fps = 2\nwindow = 60\nmax_users = 7\n")
    environ |= {"CONTROLROOM_FPS": "3", "CONTROLROOM_WINDOW": "45"}
    found = load({"fps": "4"}, environ)
    assert (found.fps, found.origin("fps")) == (4, "--fps")
    assert (found.window, found.origin("window")) == (45, "CONTROLROOM_WINDOW")
    assert (found.max_users, found.origin("max_users")) == (7, str(tmp_path / "config.toml"))
    assert (found.mouse, found.origin("mouse")) == (True, "default")


def test_no_color_means_never_unless_something_says_otherwise(tmp_path: Path) -> None:
    environ = written(tmp_path, 'color = "always"')
    assert load({}, environ).color == "always"
    assert load({}, environ | {"NO_COLOR": "1"}).color == "never"
    assert load({"color": "auto"}, environ | {"NO_COLOR": "1"}).color == "auto"


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("window = 10\nfsp = 4\n", "config.toml, line 2: unknown key 'fsp'", "'fps'"),
        ("fps = 400\n", "fps = 400 is not possible", "0 to 30"),
        ("read_only = 3\n", "read_only = 3 is neither true nor false", "true or false"),
        ('color = "blue"\n', "color = 'blue' is not possible", "auto, always, never"),
        ("fps = \n", "config.toml: Invalid value (at line 1", "Fix that line"),
    ],
)
def test_a_mistake_names_file_key_and_the_way_out(
    tmp_path: Path, text: str, message: str, fix: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load({}, written(tmp_path, text))
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert fix in caught.value.fix


def test_a_mistake_in_a_variable_names_it() -> None:
    with pytest.raises(SettingsError, match=r"CONTROLROOM_FPS: fps = 'many'"):
        load({}, {"CONTROLROOM_FPS": "many", "CONTROLROOM_CONFIG_DIR": "/nowhere"})


PROFILED = """\
window = 60
[keys]
load = "f2"
[profiles.staging]
context = ["a", "b"]
window = 20
read_only = true
"""


def test_a_profile_goes_over_the_file_and_under_variables_and_flags(tmp_path: Path) -> None:
    environ = written(tmp_path, PROFILED)
    plain = load({}, environ)
    assert (plain.window, plain.context, dict(plain.keys)) == (60, (), {"load": "f2"})
    found = load({"profile": "staging", "window": "30"}, environ)
    assert (found.window, found.contexts, found.read_only) == (30, ("a", "b"), True)
    assert found.origin("context").endswith("config.toml, profile staging")
    assert load({}, environ | {"CONTROLROOM_PROFILE": "staging"}).window == 20
    named = written(tmp_path, 'profile = "staging"\n' + PROFILED)
    assert load({}, named).window == 20


@pytest.mark.parametrize(
    ("text", "profile", "message", "fix"),
    [
        (PROFILED, "stagin", "has no profile 'stagin'", "It has staging"),
        ("fps = 2\n", "x", "has no profile 'x'", "[profiles.x]"),
        ("profiles = 3\n", "", "line 1: profiles are tables", "[profiles.NAME]"),
        ("[profiles.a]\nfsp = 2\n", "", "line 2: unknown key 'fsp'", "'fps'"),
        ("[profiles.a]\nfps = 99\n", "a", "profile a: fps = 99 is not possible", "0 to 30"),
        ("keys = 3\n", "", "keys is no table of texts", "[keys]"),
        ("targets = 3\n", "", "targets: is no table", "[targets]"),
        ("[targets]\nproductoin = []\n", "", "unknown key 'productoin'", "'production'"),
        ('[targets]\nproduction = "a"\n', "", "production is no list of names", '["prod-*"]'),
        ("[targets]\ncolours = []\n", "", "colours is no table", "[targets.colours]"),
        ('[targets.colours]\na = "red"\n', "", "'red' of 'a' is no colour", "#rrggbb"),
    ],
)
def test_a_mistake_in_a_profile_is_named(
    tmp_path: Path, text: str, profile: str, message: str, fix: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"profile": profile}, written(tmp_path, text))
    assert message in str(caught.value)
    assert fix in caught.value.fix


MARKED = """\
[targets]
production = ["prod-*", "local stack"]
[targets.colours]
"prod-eu" = "#5f0000"
"*-eu" = "#005faf"
"""


def test_targets_are_marked_by_patterns_and_the_first_colour_holds(tmp_path: Path) -> None:
    targets = load({}, written(tmp_path, MARKED)).targets
    assert targets.of("prod-eu") == Marking(True, "#5f0000")
    assert targets.of("staging-eu") == Marking(False, "#005faf")
    assert targets.of("local stack") == Marking(True)
    assert targets.of("Prod-eu2") == Marking()
    assert load({}, {"CONTROLROOM_CONFIG_DIR": "/nowhere", "CONTROLROOM_TARGETS": "x"}).targets == (
        Markings()
    )


COMMA = "admin@dev, east"


@pytest.mark.parametrize(
    ("words", "variable", "text", "found"),
    [
        (["--context", COMMA], "", "", (COMMA,)),
        (["--context", COMMA, "--context", "b", "--context", "b"], "", "", (COMMA, "b")),
        (["--context", "a,b"], "", "", ("a,b",)),
        ([], "a, b,", "", ("a", "b")),
        ([], f'["{COMMA}"]', "", (COMMA,)),
        ([], f' ["{COMMA}", "b"]', "", (COMMA, "b")),
        ([], "", f'context = "{COMMA}"', (COMMA,)),
        ([], "", f'context = ["{COMMA}", "b"]', (COMMA, "b")),
        ([], "", "context = []", ()),
    ],
)
def test_the_name_of_a_context_may_hold_a_comma(
    words: list[str], variable: str, text: str, found: tuple[str, ...], tmp_path: Path
) -> None:
    given, rest = split([*words, "status"])
    assert rest == ["status"]
    environ = written(tmp_path, text) | ({"CONTROLROOM_CONTEXT": variable} if variable else {})
    settings = load(flags_of(given), environ)
    assert settings.contexts == found
    told = {"CONTROLROOM_CONTEXT": as_variable(settings.context)}
    assert load({}, written(tmp_path, "") | told).contexts == found, "a room of `serve` is told so"


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ('["a"', "", "CONTROLROOM_CONTEXT is no list"),
        ("[1]", "", r"CONTROLROOM_CONTEXT: context = \[1\] is no name"),
        ("", "context = 3", "context = 3 is no name and no list of names"),
    ],
)
def test_what_names_no_context_is_told(
    variable: str, text: str, message: str, tmp_path: Path
) -> None:
    environ = written(tmp_path, text) | ({"CONTROLROOM_CONTEXT": variable} if variable else {})
    with pytest.raises(SettingsError, match=message) as caught:
        load({}, environ)
    assert '["a", "b"]' in caught.value.fix
