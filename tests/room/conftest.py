"""The developer's own terminal is shut out."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from controlroom.panes import text


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A local terminal with colours, in UTC."""
    for name in ("NO_COLOR", "SSH_CONNECTION", "CONTROLROOM_PROBE", "TEXTUAL_FPS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    text._second.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    text._second.cache_clear()
