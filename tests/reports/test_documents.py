"""Reports as text, Markdown and HTML: nothing of what they hold is lost, and nothing breaks out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from controlroom.reports import Document, Heading, Items, Paragraph, Plot, Table
from controlroom.reports.html import as_html
from controlroom.reports.markdown import as_markdown
from controlroom.reports.scale import Span, thinned, values_of
from controlroom.reports.text import as_text

NASTY = 'a|b *c* <script>alert(1)</script> & "d" `e` _f_'
DOCUMENT = Document(
    f"Run r-0001 {NASTY}",
    (
        Heading("Figures"),
        Paragraph(f"It went on. {NASTY}"),
        Table(("phase", "p95"), (("before", "3.1"), (NASTY, "12.5")), "in ms"),
        Table(("empty",), ()),
        Items(("one", NASTY)),
        Plot(
            f"p95 {NASTY}",
            "ms",
            {"a": [(0, 1.0), (1, None), (2, 3.0), (3, 4.0)], NASTY: [(0, None)]},
            [(1.5, f"fault {NASTY}")],
        ),
        Plot("nothing", "%", {}),
    ),
)
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Strict(HTMLParser):
    """Fails for what a browser would have to guess: tags that are not closed, or out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(page: str) -> Strict:
    one = Strict()
    one.feed(page)
    one.close()
    assert one.open == []
    return one


def test_the_page_is_whole_and_holds_every_word() -> None:
    page = parsed(as_html(DOCUMENT))
    for part in ("Figures", "It went on.", "12.5", "one", "in ms"):
        assert part in page.text
    # title, h1, paragraph, cell, item, title and legend of the plot, and twice the mark
    assert page.text.count(NASTY) == 9


def test_nothing_breaks_out_of_the_page_and_nothing_comes_in() -> None:
    text = as_html(DOCUMENT)
    tags = {tag for tag, _ in parsed(text).tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "form"}
    assert not re.search(r"url\(|https?:|@import", text.split("</style>")[0])
    assert all(not {"src", "href"} & set(attrs) for _, attrs in parsed(text).tags)
    assert "default-src 'none'" in text


def test_the_page_can_be_read_without_seeing_it() -> None:
    page = parsed(as_html(DOCUMENT))
    assert page.tags[0] == ("html", {"lang": "en"})
    heads = [attrs for tag, attrs in page.tags if tag == "th"]
    assert {attrs["scope"] for attrs in heads} == {"col", "row"}
    pictures = [attrs for tag, attrs in page.tags if tag == "svg" and "role" in attrs]
    assert len(pictures) == 2
    assert all(attrs["role"] == "img" for attrs in pictures)
    said = pictures[0]["aria-label"] or ""
    assert "a 1 to 4" in said
    assert "no data" in said
    assert "at 1.5 s fault" in said
    assert parsed(as_html(Document("Informe", (), "es"))).tags[0] == ("html", {"lang": "es"})


def test_a_gap_is_no_line() -> None:
    page = as_html(Document("x", (Plot("p", "ms", {"a": [(0, 1), (1, None), (2, 3), (3, 4)]}),)))
    picture = page.split('role="img"')[1]
    assert picture.count('class="dot c0"') == 1
    (line,) = re.findall(r'class="curve c0" d="M([^"]*)"', picture)
    assert line.count("L") == 1


def test_markdown_holds_every_word_as_a_word() -> None:
    text = as_markdown(DOCUMENT)
    assert text.startswith("# Run r-0001 ")
    assert "<script>" not in re.sub(r"```text.*?```", "", text, flags=re.S)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    bars = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    assert bars == [3, 3, 3, 3, 2, 2]
    assert rows[1] == "| --- | ---: |"
    assert "```text\np95" in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_text_fits_the_terminal(width: int) -> None:
    lines = as_text(DOCUMENT, width).splitlines()[2:]
    # titles and marks of plots are one line each
    lines = [line for line in lines if "p95 a" not in line and "fault" not in line]
    assert max(map(len, lines)) <= width
    ascii_only = as_text(DOCUMENT, width, ascii=True)
    assert ascii_only.isascii()
    assert "no data" in ascii_only


def test_no_peak_is_thinned_away() -> None:
    points = [(float(at), 1.0) for at in range(10_000)]
    points[7_777] = (7_777.0, 99.0)
    gap: list[tuple[float, float | None]] = [*points]
    gap[5_000] = (5_000.0, None)
    found = thinned(gap)
    assert len(found) <= 600
    assert (7_777.0, 99.0) in found
    assert (5_000.0, None) in found


@pytest.mark.parametrize(
    ("unit", "values", "low", "high"),
    [
        ("ms", [3.0, 17.0], 0, 20),
        ("%", [99.5, 100.0], 99, 100),
        ("%", [0.0, 100.0], 0, 100),
        ("ms", [], 0, 1),
        ("ms", [0.0, 0.0], 0, 1),
        ("x", [-5.0, 5.0], -5, 5),
        ("ms", [1e-9, 2e-9], 0, 2e-9),
    ],
)
def test_axes_are_round(unit: str, values: list[float], low: float, high: float) -> None:
    span = values_of(Plot("p", unit, {"a": list(enumerate(values))}))
    assert (span.low, span.high) == pytest.approx((low, high))
    ticks = span.ticks()
    assert 2 <= len(ticks) <= 8


def test_an_axis_knows_where_a_value_is() -> None:
    assert Span(0, 10).share(5) == 0.5
    assert Span(0, 10).share(99) == 1.0
