"""Documents: what they link is there, and what has to be found is linked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from host.project import PROJECT

LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")
PAGES = sorted(
    [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md"), *(PROJECT / "docs").glob("*/*.md")]
)


def links(page: Path) -> list[Path]:
    """The files of the project that a page links."""
    found = (match[1] for match in LINK.finditer(page.read_text()))
    return [(page.parent / one).resolve() for one in found if "://" not in one]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_a_page_links_is_there(page: Path) -> None:
    assert [one for one in links(page) if not one.exists()] == []


@pytest.mark.parametrize("page", ["README.md", "docs/security.md"])
def test_how_to_report_a_weakness_is_linked(page: str) -> None:
    assert (PROJECT / "SECURITY.md").resolve() in links(PROJECT / page)


def test_every_decision_is_listed() -> None:
    folder = PROJECT / "docs/decisions"
    listed = [one.name for one in links(folder / "README.md")]
    assert listed == sorted(one.name for one in folder.glob("0*.md"))
