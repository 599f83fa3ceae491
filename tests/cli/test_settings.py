"""Settings: which place wins, and what is said of a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.settings import SettingsError, config_file, load


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
