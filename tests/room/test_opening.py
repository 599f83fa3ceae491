"""A room that is being put together refuses what it has not yet, with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.opening import Opening
from controlroom.settings import Settings
from controlroom.targets.abilities import Unreachable


async def test_what_it_is_asked_before_it_is_there_is_refused(tmp_path: Path) -> None:
    opening = Opening(Settings(state_dir=tmp_path))
    asked = (opening.effects(), opening.chaos_files(), opening.retry("log"))
    for question in (*asked, opening.log_page(0, 1)):
        with pytest.raises(Unreachable, match="The room is still opening"):
            await question
