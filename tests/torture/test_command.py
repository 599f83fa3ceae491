"""What the command line refuses, with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.own_stack import OwnStack

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("torture", "--phases", "flood"), "'flood'"),
        (("torture", "--faults", "-1"), "--faults"),
        (("torture", "--minutes", "0"), "--minutes"),
        (("torture", "--patience", "0"), "--patience"),
    ],
)
def test_a_wrong_word_is_named(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = OwnStack(tmp_path / "state").run(*words, check=False)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
