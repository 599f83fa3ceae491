"""`[health]` of a scenario: what holds where nothing is said, and how a mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.settings import SettingsError
from controlroom.settings import load as settings_of
from scenarios.limits import Bound, Limits
from scenarios.loading import ScenarioError, file_of, load


def scenario(folder: Path, health: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(f"{file_of('bands').read_text('utf-8')}\n{health}\n", "utf-8")
    return file


def test_single_limits_are_changed_and_the_others_stay(tmp_path: Path) -> None:
    assert load("bands").limits == Limits()
    found = load(scenario(tmp_path, "[health]\nslo = 0.99\nlag = [10, 20.5]"))
    assert found.limits == Limits(slo=0.99, lag=Bound(10, 20.5))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lag = [20, 10]", "lag: the worse number, the larger one, must stand last"),
        ("success = 0.9", "success: must be two numbers"),
        ("slo = 99.9", "slo: must be a share below 1"),
        ("lagg = [1, 2]", "lagg: is not known"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said) as error:
        load(scenario(tmp_path, f"[health]\n{line}"))
    assert "mine.toml, line" in str(error.value)


def test_the_setting_is_checked_where_it_is_read() -> None:
    assert settings_of({}, {"CONTROLROOM_HEALTH": "lag = 1/2"}).health == "lag = 1/2"
    with pytest.raises(SettingsError, match="CONTROLROOM_HEALTH: health: lag: the worse number"):
        settings_of({}, {"CONTROLROOM_HEALTH": "lag = 2/1"})
