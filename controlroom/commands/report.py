"""`controlroom report`: the report of a run in any form, and a gate for other people's CI."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, talk
from controlroom.commands.runs import show_document, story_of
from controlroom.ledger.comparing import figures_beside
from controlroom.ledger.exporting import told
from controlroom.ledger.figures import named
from controlroom.ledger.gate import FLAG, Condition, Outcome, condition, judged
from controlroom.ledger.junit import as_junit
from controlroom.ledger.story import Story
from controlroom.reports import Heading, Paragraph, Part, Table
from controlroom.reports.html import as_html
from controlroom.reports.markdown import as_markdown
from controlroom.reports.text import as_text
from controlroom.runs.errors import SpecError
from controlroom.runs.store import store_of
from host.paths import write_private

DESCRIPTION = """Write the report of a run: verdicts, figures, plots, plan, machine, what is not
known. With --fail-if it is a gate: the exit code is 1 where a condition holds, or its figure is
not known."""
EXAMPLES = (
    "controlroom report last --format html -o report.html",
    "controlroom report last --baseline main --fail-if 'p99 > 1.2 x baseline'",
    "controlroom report r-0004 --fail-if 'success < 99 %' --format junit -o r.xml",
)
FORMATS = ("text", "markdown", "html", "junit")
ENDINGS = {".md": "markdown", ".html": "html", ".htm": "html", ".xml": "junit"}
WIDTH = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares which run, in which form, and the gate."""
    add = parser.add_argument
    add("run", metavar="RUN", help="an id, `last`, or the name of a baseline")
    add(
        "--format", choices=FORMATS, metavar="FORM",
        help=f"{', '.join(FORMATS)}; else as FILE is called",
    )  # fmt: skip
    add("-o", "--output", type=Path, metavar="FILE", help="where to; else to standard output")
    add("--baseline", metavar="RUN", help="what conditions mean by `baseline`")
    add(
        FLAG, type=_condition, action="append", default=[], metavar="COND",
        help="'FIGURE > N', 'ARM.PHASE.FIGURE < N x baseline'; repeatable",
    )  # fmt: skip


def main(args: argparse.Namespace) -> Exit:
    """Writes it, and says by the exit code whether a condition holds."""
    store = store_of(args.settings)
    story = story_of(store, args.run)
    base = story_of(store, args.baseline) if args.baseline else None
    figures = named(story.figures)
    before = named(base.figures) if base else None
    outcomes = judged(args.fail_if, figures, before, list(story.figures))
    if args.json:
        emit_json({**told(story), "gate": [_as_json(one) for one in outcomes]})
    else:
        _write(story, outcomes, base, args)
    for one in outcomes:
        if one.failed:
            talk(f"fails: {one.condition.text}: {one.said}")
    return Exit.FAILED if any(one.failed for one in outcomes) else Exit.OK


def gate_parts(story: Story, outcomes: Sequence[Outcome], base: Story | None) -> list[Part]:
    """What the report says of the conditions and of the baseline."""
    if not outcomes and base is None:
        return []
    parts: list[Part] = [Heading("Gate")]
    if base is not None:
        parts.append(Paragraph(f"The baseline is {base.record.id}: {base.record.view.title}."))
    rows = [("fails" if one.failed else "passes", one.condition.text, one.said) for one in outcomes]
    parts += [Table(("outcome", "fails if", "figures"), rows)] if rows else []
    return parts + (figures_beside([base, story]) if base is not None else [])


def _write(
    story: Story, outcomes: Sequence[Outcome], base: Story | None, args: argparse.Namespace
) -> None:
    target: Path | None = args.output
    form = args.format or (ENDINGS.get(target.suffix.lower()) if target else None) or "text"
    document = story.document(gate_parts(story, outcomes, base))
    if form == "text" and target is None:
        show_document(document, ascii=args.settings.ascii)
        return
    text = {
        "text": lambda: as_text(document, WIDTH, args.settings.ascii),
        "markdown": lambda: as_markdown(document),
        "html": lambda: as_html(document),
        "junit": lambda: as_junit(story, outcomes),
    }[form]()
    if target is None:
        emit(text.rstrip())
        return
    if not target.parent.is_dir():
        raise CommandError(f"-o {target}: there is no folder {target.parent}.", "Make it first.")
    write_private(target, text, lasting=False)
    talk(f"{target}: the {form} report of {story.record.id}")


def _as_json(one: Outcome) -> dict[str, object]:
    return {"condition": one.condition.text, "failed": one.failed, "said": one.said}


def _condition(text: str) -> Condition:
    try:
        return condition(text)
    except SpecError as error:
        raise argparse.ArgumentTypeError(f"{error.message} {error.fix}") from None
