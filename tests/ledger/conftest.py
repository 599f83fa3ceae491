"""Fixtures of the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.runs.store import RunStore


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """An empty ledger, also for commands in this process."""
    monkeypatch.setenv("CONTROLROOM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("CONTROLROOM_DURABILITY", "process")
    monkeypatch.chdir(tmp_path)
    return RunStore(tmp_path / "state" / "runs")
