"""All answers of a scenario as one document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controlroom.answers.doors import Runs, offered
from controlroom.answers.questions import QUESTIONS, Question, Reads
from controlroom.answers.saying import Grid, Lang, Piece, Said, say
from controlroom.reports import Document, Heading, Items, Paragraph, Part, Plot, Table

GIB = 1 << 30


def report(scenario: str, runs: Runs, reads: Reads, date: str, langs: Sequence[Lang]) -> Document:
    """`runs`: experiment -> what it left behind; `date`: as it is to be printed.

    Each question of the scenario has an answer; KeyError for a scenario without questions.
    """
    parts: list[Part] = [*_made(runs, date, langs)]
    for question in QUESTIONS[scenario]:
        parts += _answered(question, question.answer(runs, reads), langs)
    parts += _runs(runs, langs)
    title = say("report title", scenario=scenario)
    return Document(_by(title, langs), parts, langs[0])


def _answered(question: Question, pieces: Sequence[Piece], langs: Sequence[Lang]) -> Iterator[Part]:
    """The question in both languages, whatever is asked for; sentences of one language together."""
    yield Heading(" / ".join(question.words))
    said = [piece for piece in pieces if isinstance(piece, Said)]
    for lang in langs:
        if said:
            yield Paragraph(said[0].by(lang))
        if said[1:]:
            yield Items([one.by(lang) for one in said[1:]])
    for piece in pieces:
        if isinstance(piece, Grid):
            yield _table(piece, langs)
        elif not isinstance(piece, Said):
            plot = piece.plot
            yield Plot(_by(piece.title, langs), plot.unit, plot.curves, plot.marks)


def _table(grid: Grid, langs: Sequence[Lang]) -> Table:
    return Table(
        [_by(word, langs) for word in grid.header],
        [[cell if not isinstance(cell, Said) else _by(cell, langs) for cell in row]
         for row in grid.rows],
        _by(grid.title, langs),
    )  # fmt: skip


def _by(said: Said, langs: Sequence[Lang]) -> str:
    """Each text once, also where both languages have the same word."""
    return " / ".join(dict.fromkeys(said.by(lang) for lang in langs))


def _made(runs: Runs, date: str, langs: Sequence[Lang]) -> Iterator[Part]:
    machines = [one.machine for one in runs.values() if one.machine]
    if machines:
        loads = [machine["load"][0] for machine in machines if machine.get("load")]
        first = machines[0]
        version = next(iter(runs.values())).versions.get("controlroom", "?")
        made = say(
            "report made", date=date, version=version, machine=str(first.get("system", "?")),
            cores=str(first.get("cores", "?")), memory=first.get("memory", 0) / GIB,
            load=f"{min(loads):.1f} - {max(loads):.1f}" if loads else "?",
        )  # fmt: skip
        yield from (Paragraph(made.by(lang)) for lang in langs)
    yield from (Paragraph(say("report how").by(lang)) for lang in langs)


def _runs(runs: Runs, langs: Sequence[Lang]) -> Iterator[Part]:
    yield Heading(_by(say("report runs"), langs))
    words = ("word run", "word experiment", "word load", "word blocks", "report digest")
    rows = [
        [one.run, one.name, _by(offered(one), langs),
         f"{len(one.blocks)} / {one.result.get('planned', '?')}", one.digest[:16]]
        for one in runs.values()
    ]  # fmt: skip
    yield Table([_by(say(word), langs) for word in words], rows)
