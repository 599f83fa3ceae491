"""`controlroom runs`: the ledger of all runs: list, show, compare, rank, export, note, remove."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, talk
from controlroom.commands.keeping import NameBaseline, NoteRun, RemoveRuns, folder_of
from controlroom.commands.performing import perform_verb, wanted
from controlroom.commands.table import table
from controlroom.commands.watching import HEAD, headline, row_of
from controlroom.ledger.comparing import comparison
from controlroom.ledger.exporting import packed, seconds_as_csv, told, write_text
from controlroom.ledger.listing import KEYS, Listed, Wanted, listed
from controlroom.ledger.ranking import PARTS, document_of, ranked
from controlroom.ledger.record import record_of
from controlroom.ledger.story import Story, result_lines
from controlroom.reports import Document
from controlroom.reports.text import as_text
from controlroom.runs.pinning import baselines
from controlroom.runs.store import RunStore, store_of
from controlroom.settings import Settings
from controlroom.verdicts import Weights
from host.durations import parse_duration

DESCRIPTION = """All runs: what came of them, side by side, their faults by harm. RUN is an id,
`last`, or a baseline's name."""
EXAMPLES = (
    "controlroom runs list --kind load --since 2h",
    "controlroom runs compare r-0001,r-0003 r-0002,r-0004",
    "controlroom runs export r-0001 --format csv -o seconds.csv",
)
ACTIONS = ("list", "show", "compare", "rank", "export", "note", "baseline", "rm")
MOST_SIDES = 8
RANKED = 50
"""Newest runs that are ranked where none is named."""
_LIST = "See `controlroom runs list`."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the words and what narrows them."""
    parser.usage = (
        "controlroom runs list | show RUN | compare RUN[,RUN] RUN... | rank\n"
        "       | export RUN | note RUN TEXT | rm RUN... | baseline [NAME RUN]"
    )
    add, hidden = parser.add_argument, argparse.SUPPRESS
    add("action", choices=ACTIONS, help=hidden)
    add("what", nargs="*", help=hidden)
    add("--kind", metavar="KIND", help="of list: load, chaos, split, experiment; also k,k")
    add("--state", metavar="STATE", help="of list: running, finished, failed, stopped, lost")
    add("--since", type=moment, metavar="TIME", help="of list: 2h ago, or 2026-05-01[T10:00]")
    add("--text", default="", metavar="TEXT", help=hidden)
    add("--sort", choices=tuple(KEYS), default="started", metavar="BY", help=", ".join(KEYS))
    add("--reverse", action="store_true", help=hidden)
    add("--limit", type=_count, default=50, metavar="N", help="of list: at most N (50), 0 is all")
    add("--all", action="store_true", help="of list: also what experiments began")
    add("--weights", type=_weights, default=Weights(), metavar="W", help="lost=1,slow=0.5,...")
    add("--format", choices=("tar", "json", "csv"), metavar="F", help="of export: tar, json, csv")
    add("-o", "--output", type=Path, metavar="FILE", help="of export: where to")
    add("--remove", action="store_true", help=hidden)
    add("--yes", action="store_true", help=hidden)


async def main(args: argparse.Namespace) -> Exit:
    """Does what the word says."""
    settings: Settings = args.settings
    store = store_of(settings)
    what: list[str] = args.what
    if args.action == "note":
        text = " ".join(what[1:])
        if not text:
            raise CommandError("`controlroom runs note` wants a run and a text.", _LIST)
        return await perform_verb(NoteRun(what[0], text), args)
    if args.action == "rm":
        _first(what, args.action)
        return await perform_verb(RemoveRuns(tuple(what)), args)
    if args.action == "baseline" and what:
        return await perform_verb(_baseline(what, args.remove), args)
    if args.action == "list":
        return list_runs(store, wanted_of(args, settings), args.json)
    if args.action == "show":
        return show_run(store, _first(what, args.action), args.json)
    if args.action == "export":
        return _export(store, _first(what, args.action), args)
    if args.action == "compare":
        return _compare(store, what, args.json)
    if args.action == "rank":
        return _rank(store, what, args.weights, args.json)
    return _baselines(store, args.json)


def list_runs(store: RunStore, asked: Wanted, as_json: bool) -> Exit:
    """Prints the list."""
    rows, more = listed(store, asked)
    if as_json:
        emit_json([_as_json(row) for row in rows])
        return Exit.OK
    if not rows:
        talk("There are no runs yet, or none that fit; `controlroom run -n 1000` starts one.")
        return Exit.OK
    emit(table((*HEAD[:-1], "NAMED", HEAD[-1]), [_row(row) for row in rows], left=len(HEAD) + 1))
    if more:
        talk(f"These are {len(rows)}; there are more: --limit 0 shows all.")
    return Exit.OK


def show_run(store: RunStore, what: str, as_json: bool) -> Exit:
    """Tells a run's story, also of one of which little is left."""
    folder = folder_of(store, what)
    story = Story(record_of(folder), store)
    record = story.record
    if as_json:
        emit_json(told(story))
        return Exit.OK
    lines = [headline(record.view), *result_lines(record)]
    lines += [f"met {one.name} ({one.run})" for one in story.hits if one.run != record.id]
    lines += record.missing
    lines += [f"note: {one}" for one in story.notes()]
    lines += [f"baseline: {', '.join(story.names)}"] if story.names else []
    lines += [record.command] if record.command else []
    for line in (*lines, str(record.path)):
        emit(line)
    talk(f"{_size(folder.size())}; with plots: controlroom report {record.id}")
    return Exit.OK


def story_of(store: RunStore, what: str) -> Story:
    """The run of that name, whole. Raises NoSuchRunError."""
    return Story(record_of(folder_of(store, what)), store)


def compared(store: RunStore, runs: Sequence[str]) -> Document:
    """Runs side by side, each a side of its own. Raises NoSuchRunError."""
    return comparison([[story_of(store, run)] for run in runs])


def show_document(document: Document, width: int | None = None, ascii: bool = False) -> None:  # noqa: A002
    """Prints a report as wide as the terminal is."""
    columns = min(shutil.get_terminal_size((100, 24)).columns, 160)
    emit(as_text(document, width or max(columns, 60), ascii).rstrip())


def wanted_of(args: argparse.Namespace, settings: Settings) -> Wanted:
    """What a command line wants to have listed."""
    chosen = settings.scenario if settings.origin("scenario") != "default" else ""
    return Wanted(
        kinds=tuple((args.kind or "").split(",")) if args.kind else (),
        states=tuple((args.state or "").split(",")) if args.state else (),
        scenario=Path(chosen).name,
        since=args.since or 0.0,
        text=args.text,
        children=args.all,
        sort=args.sort,
        reverse=args.reverse,
        limit=args.limit or None,
    )


def moment(text: str) -> float:
    """Seconds since the epoch of `2h` ago, or of a date."""
    try:
        return time.time() - parse_duration(text)
    except ValueError:
        pass
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"):
        try:
            return time.mktime(time.strptime(text, form))
        except (ValueError, OverflowError):
            continue
    raise argparse.ArgumentTypeError(f"{text!r} is no time; write 2h, or 2026-05-01T10:00")


def _as_json(row: Listed) -> dict[str, Any]:
    return {**asdict(row.view), "owner": row.owner, "noted": row.noted, "baselines": row.names}


def _row(row: Listed) -> tuple[str, ...]:
    *cells, title = row_of(row.view)
    names = [*row.names, *(["note"] if row.noted else []), *([row.owner] if row.owner else [])]
    return (*cells, ", ".join(names) or "-", title)


def _first(what: Sequence[str], action: str) -> str:
    return wanted(what[0] if what else None, f"runs {action}", "the id of a run", _LIST)


def _baseline(what: Sequence[str], remove: bool) -> NameBaseline:
    if remove and len(what) == 1:
        return NameBaseline(what[0])
    if len(what) != 2 or remove:
        raise CommandError("`controlroom runs baseline` wants a name and a run.",
                           "Such as `controlroom runs baseline main last`.")  # fmt: skip
    return NameBaseline(what[0], what[1])


def _baselines(store: RunStore, as_json: bool) -> Exit:
    known = baselines(store.root)
    if as_json:
        emit_json(known)
    elif not known:
        talk("No run is named; `controlroom runs baseline main last` names one.")
    else:
        emit(table(("NAME", "RUN"), sorted(known.items()), left=2))
    return Exit.OK


def _compare(store: RunStore, what: Sequence[str], as_json: bool) -> Exit:
    if not 2 <= len(what) <= MOST_SIDES:
        raise CommandError(f"`controlroom runs compare` wants 2 to {MOST_SIDES} sides.",
                           "A side is a run, or several of them: r-0001,r-0003")  # fmt: skip
    sides = [[story_of(store, one) for one in side.split(",") if one] for side in what]
    ids = [story.record.id for side in sides for story in side]
    if not all(sides) or len(set(ids)) < len(ids):
        raise CommandError("A run is on two sides, or twice on one.", "Name each run once.")
    document = comparison(sides)
    if as_json:
        runs = [{"run": one.record.id, "side": n, "figures": one.figures}
                for n, side in enumerate(sides) for one in side]  # fmt: skip
        emit_json({"runs": runs, "report": asdict(document)})
    else:
        show_document(document)
    return Exit.OK


def _rank(store: RunStore, what: Sequence[str], weights: Weights, as_json: bool) -> Exit:
    if what:
        stories = [story_of(store, one) for one in what]
    else:
        rows, _ = listed(store, Wanted(kinds=("chaos", "split", "experiment"), limit=RANKED))
        stories = [story_of(store, row.view.id) for row in rows]
    found = ranked(stories, weights)
    if as_json:
        places = [{**asdict(one), "high": one.high if one.repetitions > 1 else None}
                  for one in found.places]  # fmt: skip
        emit_json({"places": places, "scores": [asdict(one) for one in found.scores],
                   "weights": asdict(weights), "left_out": found.left_out})  # fmt: skip
    else:
        show_document(document_of(found))
    return Exit.OK


def _export(store: RunStore, what: str, args: argparse.Namespace) -> Exit:
    story = story_of(store, what)
    record, form = story.record, args.format or "tar"
    target: Path | None = args.output
    if form == "tar":
        folders = [record.path, *(one.path for one in store.folders() if one.owner == record.id)]
        target = target or Path(f"{record.id}.tar.gz")
        _checked(target)
        packed(folders, target)
    elif target is None:
        emit_json(told(story)) if form == "json" else emit(seconds_as_csv(record).rstrip())
        return Exit.OK
    else:
        text = seconds_as_csv(record) if form == "csv" else json.dumps(told(story)) + "\n"
        _checked(target)
        write_text(target, text)
    talk(f"{target}: {_size(target.stat().st_size)}")
    return Exit.OK


def _checked(target: Path) -> None:
    """Raises CommandError where a file is there, or its folder is not."""
    if target.exists():
        raise CommandError(f"-o {target} is there already.", "Name another file, or remove it.")
    if not target.parent.is_dir():
        raise CommandError(f"-o {target}: there is no folder {target.parent}.", "Make it first.")


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.0f} KiB"


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _weights(text: str) -> Weights:
    given = {}
    for one in text.split(","):
        name, _, value = one.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if name not in PARTS or not 0 <= number < 1e6:
            raise argparse.ArgumentTypeError(
                f"{one!r} is no weight; write {','.join(f'{part}=1' for part in PARTS)}"
            )
        given[name] = number
    return Weights(**given)
