"""One stored document in full: its way through the pipeline, its text, its neighbours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from controlroom.commands.here import Here
from controlroom.feeds.document import DocumentSource
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.feed import Source
from controlroom.model.document import Step, Stored, StoredRecord, way
from controlroom.model.frame import Frame
from controlroom.model.log import LogLine
from controlroom.panes import text
from controlroom.screens.page import Below, Line, Page
from controlroom.screens.pages.parts import SourcePage, cells


def pretty(words: str) -> list[str]:
    """A text as it is read best: JSON with a field to a line."""
    try:
        found = json.loads(words)
    except ValueError:
        return words.splitlines() or [""]
    return shown(found).splitlines()


def shown(value: object) -> str:
    """A value as JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def folded(words: str, width: int) -> list[str]:
    """A line in as many rows as it takes; nothing of it is cut."""
    clean = text.clean(words)
    return [clean[at : at + width] for at in range(0, max(1, len(clean)), max(1, width))]


class TextPage(Page):
    """Lines that are known already."""

    def __init__(self, below: Below, crumb: str, rows: Sequence[str], value: str) -> None:
        super().__init__(below, crumb)
        self._text = rows
        self._value = value

    @property
    def value(self) -> str:
        """The text itself."""
        return self._value

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """All of it."""
        look = self.below.look
        return [Line(((row, look.text),)) for line in self._text for row in folded(line, width)]


class DocumentPage(SourcePage):
    """The document behind a line of the log."""

    source = "log"
    keys = (("← →", "previous, next of its partition"),)
    BINDINGS: ClassVar[list[BindingType]] = [("left", "beside(-1)"), ("right", "beside(1)")]

    def __init__(self, below: Below, line: LogLine) -> None:
        super().__init__(below, f"p{line.partition:02d} o{line.offset}")
        self._wanted = (line.partition, line.offset, line.stored)
        self._step = 0

    async def make(self, here: Here) -> Source:
        """Both stores, and Kafka for the record."""
        return DocumentSource(LiveEndpoints(here.located), await here.scenario())

    async def load(self) -> None:
        """The document, or the one beside it."""
        if isinstance(self._open, DocumentSource):
            self._open.wanted, self._open.step = self._wanted, self._step
        self._step = 0
        await super().load()

    def made(self, source: Source) -> None:
        """Which document is meant."""
        assert isinstance(source, DocumentSource)
        source.wanted = self._wanted

    def take(self, told: Any) -> None:
        """Another document has another place."""
        self.told = told
        document = told.document
        partition = int(document["tp"].rpartition(":")[2])
        self._wanted = (partition, int(document["o"]), document["stored"] / 1000)
        self.crumbs = (f"p{partition:02d} o{document['o']}",)

    @property
    def value(self) -> str:
        """The document as JSON."""
        return "" if self.told is None else shown(dict(self.told.document))

    @property
    def command(self) -> str:
        """As on the command line."""
        partition, offset, _ = self._wanted
        return f"controlroom logs --at {partition}:{offset}"

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """Its way, then its text, then its record."""
        look = self.below.look
        told: Stored = self.told
        rows = self._way(told, width)
        event = told.document.get("event")
        others = {name: value for name, value in told.document.items() if name != "event"}
        for title, value in (("event", event), ("document", others)):
            rows += [Line(), Line(((title, look.dim),))]
            for line in shown(value).splitlines():
                rows += [Line(((row, look.text),)) for row in folded(line, width)]
        rows += [Line(), Line((("record", look.dim),))]
        if isinstance(told.record, StoredRecord):
            facts = [f"key {told.record.key or look.signs.none}"]
            facts += [f"{name}: {value}" for name, value in told.record.headers]
        else:
            facts = [told.record]
        rows += [Line(((row, look.text),)) for fact in facts for row in folded(fact, width)]
        return rows

    def _way(self, told: Stored, width: int) -> list[Line]:
        """A station a row, with the time since the one before that is known."""
        before: float | None = None
        rows = []
        for step in way(told):
            rows.append(self._station(step, before, width))
            before = before if step.at is None else step.at
        whole = f"produced to stored: {text.latency(told.waited * 1000)} ms".replace("s ms", " s")
        return [*rows, Line(((whole, self.below.look.accent),))]

    def _station(self, step: Step, before: float | None, width: int) -> Line:
        look, none = self.below.look, self.below.look.signs.none
        at = none if step.at is None else text.moment(step.at)
        since = ""
        if step.at is not None and before is not None:
            passed = (step.at - before) * 1000
            since = f"+{text.latency(max(0.0, passed))} ms".replace("s ms", " s")
        row = [
            (step.name, 13, look.text if step.at is not None else look.dim),
            (at, 14, look.bright),
            (since, -11, look.accent),
            (f"  {step.said}", max(10, width - 38), look.dim),
        ]
        return Line(cells(row, look))

    def action_beside(self, step: int) -> None:
        """The document before or after it in its partition."""
        self._step = step
        self.action_again()
