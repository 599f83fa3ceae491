"""What the command line refuses, with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.draining import drained
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


async def test_a_rebuild_wants_the_name_of_the_scenario(stack: OwnStack, fresh: Path) -> None:
    stack.run("run", "-n", "200", "--timeout", "1m")
    refused = stack.run("tallies", "rebuild", check=False)
    assert refused.code == 4
    assert f"--confirm {fresh.stem}" in refused.err
    unknown = stack.run("tallies", "rebuild", "everything", check=False)
    assert unknown.code == 2
    before = await drained(stack)
    done = stack.run("tallies", "rebuild", "--confirm", fresh.stem, "--json").json()
    assert done["counted"] == before["counted"] == 200
    assert stack.books() == before
