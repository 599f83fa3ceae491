"""The report of a run in a real browser: it shows all of it, complains of nothing, prints."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from controlroom.ledger.record import record_of
from controlroom.ledger.story import Story
from controlroom.reports.html import as_html
from controlroom.runs.store import RunStore
from tests.ledger.runs import experiment_run

PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
PATIENCE = 120


@pytest.fixture
def chromium() -> str:
    """A browser of this machine."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium-headless-shell")
    return found


@pytest.mark.processes
def test_a_browser_shows_the_page_and_prints_it(
    store: RunStore, tmp_path: Path, chromium: str
) -> None:
    page, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(as_html(Story(record_of(experiment_run(store)), store).document()))
    words = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
    ]  # fmt: skip
    shown = subprocess.run(
        [*words, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=PATIENCE
    )
    assert shown.stdout.count('role="img"') == 4
    assert "none against killed" in shown.stdout
    # what the policy of the page forbids, or what is not well formed, is told on the console
    assert "CONSOLE" not in shown.stderr
    printed = [*words, f"--print-to-pdf={paper}", "--no-pdf-header-footer", page.as_uri()]
    subprocess.run(printed, capture_output=True, timeout=PATIENCE, check=True)
    assert paper.read_bytes().startswith(b"%PDF")
