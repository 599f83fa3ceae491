"""One record of Kafka in full: where it is, its headers, its value."""

from __future__ import annotations

from collections.abc import Sequence

from controlroom.model.finding import RecordLine
from controlroom.model.frame import Frame
from controlroom.panes import text
from controlroom.screens.page import Below, Line, Page
from controlroom.screens.pages.document import folded, pretty


class RecordPage(Page):
    """A record that was found."""

    def __init__(self, below: Below, record: RecordLine) -> None:
        super().__init__(below, f"{record.topic} p{record.partition:02d} o{record.offset}")
        self._record = record

    @property
    def value(self) -> str:
        """The value itself."""
        return self._record.value

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """What is known of it, then its value."""
        look, record = self.below.look, self._record
        rows = [Line(((record.text, look.warn if record.rejected else look.bright),)), Line()]
        facts = (
            ("topic", record.topic),
            ("partition", f"{record.partition}"),
            ("offset", f"{record.offset:,}"),
            ("produced", text.moment(record.at)),
            ("door", record.origin),
            ("key", record.key or look.signs.none),
            *((f"header {name}", value) for name, value in record.headers),
        )
        for name, value in facts:
            for n, row in enumerate(folded(value, max(10, width - 20))):
                rows.append(
                    Line(((f"{'' if n else text.clean(name):<20}", look.dim), (row, look.text)))
                )
        rows += [Line(), Line((("value", look.dim),))]
        for line in pretty(record.value):
            rows += [Line(((row, look.text),)) for row in folded(line, width)]
        return rows
