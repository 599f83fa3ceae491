"""`controlroom tallies`: the counters of the scenario."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, perform_verb
from controlroom.commands.question import Question
from controlroom.commands.table import number, percent, table
from controlroom.commands.verb_context import answering, opened, verb_context
from controlroom.feeds.tallies import TalliesSource
from controlroom.feeds.views import VIEW, selectors
from controlroom.model.tallies import Selection, Tallies, TallyChoice, TallyRow
from controlroom.targets.rebuild import rebuild_tallies
from scenarios.scenario import Scenario
from scenarios.templates import split_member

DESCRIPTION = """\
Print the counters, largest first; of many members the highest 200 and the total.
`--all` prints every member as it is read, in no order. Where a scenario has
selectors, such as phase and match, each is a flag: its value is a key or a label.
Of several views `--view` names one, such as `map`; the first is printed without it.
`rebuild` makes the counters and committed offsets again from the stored documents, while the
pipeline runs."""
EXAMPLES = (
    "controlroom tallies --phase Final --match 'Argentina - Francia'",
    "controlroom tallies --view gender --country Guatemala",
    "controlroom tallies rebuild --confirm bands",
)
TAKES_MORE = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The selectors are the scenario's, so they are not known here."""
    parser.add_argument("--all", action="store_true", help="every member, as lines, in no order")
    parser.add_argument("--confirm", metavar="SCENARIO", help="name of the scenario to rebuild")


async def main(args: argparse.Namespace) -> Exit:
    """Reads the counters once, or once for each selector that was given; or rebuilds them."""
    if args.more[:1] == ["rebuild"]:
        if args.more[1:]:
            raise CommandError(f"controlroom tallies rebuild: {args.more[1]!r} is not known.")
        return await perform_verb(Rebuild(), args)
    async with verb_context(args.settings) as here:
        wanted = chosen(here.scenario, args.more)
        reach = here.endpoints
        source = TalliesSource(reach.redis, here.scenario, reach.mongo)
        async with opened(source):
            found = await source.read()
            for index, value in wanted:
                key = await _key(source, found, index, value)
                found = await source.read((*found.chosen[:index], key))
            if args.all and found.drawn == "lines":
                raise CommandError(
                    "controlroom tallies: --all prints counters, and this view shows events.",
                    "Use `controlroom logs` for these.",
                )
            if args.all:
                await _stream(source, found, args.json)
                return Exit.OK
    if args.json:
        emit_json(asdict(found))
    else:
        emit(shown(found))
    return Exit.OK


async def _stream(source: TalliesSource, found: Tallies, as_json: bool) -> None:
    """Every member a line, some at a time, so that a million take no memory; then the total."""
    line = _json_line if as_json else _line
    if found.others:
        emit(line(TallyRow(("others",), found.others)))
    with answering("tallies"):
        async for rows in source.all_rows(found.chosen):
            if rows:
                emit("\n".join(map(line, rows)))
    if not as_json:
        emit(f"total {number(found.total)} {found.noun}")


def _json_line(row: TallyRow) -> str:
    return json.dumps(asdict(row), ensure_ascii=False)


def _line(row: TallyRow) -> str:
    average = "" if row.average is None else f"  {number(row.average, 1):>6}"
    return f"{number(row.count):>12}{average}  {' · '.join(row.labels)}"


async def _key(source: TalliesSource, found: Tallies, index: int, value: str) -> str:
    """What was meant; where more can be chosen than is listed, all of it is looked at."""
    selection = found.selections[index]
    if selection.more and not any(_same(value, choice) for choice in selection.choices):
        with answering("tallies"):
            async for names in source.choices(found.chosen[:index]):
                for name in names:
                    if _same(value, TallyChoice(name, " - ".join(split_member(name)))):
                        return name
    return key_of(selection, value)


@dataclass
class Rebuild(Act):
    """Rebuilds counters and committed offsets from the stored documents."""

    scenario: str = ""
    found: Mapping[str, int] = field(default_factory=dict)
    command = "rebuild_tallies"

    def facts(self) -> Mapping[str, Any]:
        return {"scenario": self.scenario, **self.found}

    async def prepare(self, here: Here) -> Question:
        name = self.scenario = (await here.scenario()).name
        line = f"controlroom tallies rebuild --confirm {name}"
        refused = (
            f"The rebuilding of {name} was not confirmed.", f"Confirm it with its name: `{line}`.",
        )  # fmt: skip
        facts = (("effect", f"the counters of {name} are rebuilt from the stored documents"),)
        return Question(
            "rebuild the tallies", "Rebuild", "rebuilt", line, name, facts, unconfirmed=refused
        )

    async def carry_out(self, here: Here) -> Answer:
        with answering("tallies"):
            found = await rebuild_tallies(await here.target.endpoints(), await here.scenario())
        name = self.scenario
        if found is None:
            raise CommandError(
                f"Documents of {name} were removed, by a purge or by retention: the counters "
                "cannot be made from those that are left.",
                "The counters stay as they are; bring a backup of Redis back if they are wrong.",
                Exit.REFUSED,
            )
        self.found = found
        counted = number(found["counted"])
        said = f"{name}: counted {counted} stored events again; the consumers go on"
        return Answer(said, data=found)


def chosen(scenario: Scenario, words: Sequence[str]) -> list[tuple[int, str]]:
    """(selector, value) of `--name value` and `--name=value`, in the order of the selectors."""
    given = list(_given(words))
    names = selectors(scenario, _view_of(scenario, dict(given).get(VIEW)))
    found: dict[int, str] = {}
    for name, value in given:
        if name not in names:
            flag = f"--{name}" if value is not None else name
            known = ", ".join(f"--{each}" for each in names) or "none"
            raise CommandError(
                f"controlroom tallies: {flag!r} is not known.",
                f"Selectors of the scenario {scenario.name}: {known}.",
            )
        if value is None:
            raise CommandError(f"controlroom tallies: --{name} needs a value.")
        found[names.index(name)] = value
    return sorted(found.items())


def _given(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Name of each flag, and its value where there is one; what is no flag stands for itself."""
    rest = list(words)
    while rest:
        flag, equals, value = rest.pop(0).partition("=")
        if not flag.startswith("--"):
            yield f"{flag}{equals}{value}", None
        else:
            yield flag[2:], value if equals else (rest.pop(0) if rest else None)


def _view_of(scenario: Scenario, wanted: str | None) -> str:
    """Name of the view that is meant, empty for the first: it says which selectors there are."""
    known = [each.name for each in scenario.views]
    if wanted is None or len(known) == 1:
        return ""
    if wanted not in known:
        raise CommandError(
            f"controlroom tallies: no view is called {wanted!r}.", f"Views: {', '.join(known)}."
        )
    return wanted


def key_of(selection: Selection, value: str) -> str:
    """The key of the choice that was meant. Raises CommandError with what there is."""
    if selection.free:
        return value
    for choice in selection.choices:
        if _same(value, choice):
            return choice.key
    known = ", ".join(choice.label for choice in selection.choices[:10]) or "none yet"
    raise CommandError(f"{selection.title}: there is no {value!r}.", f"Choices: {known}.")


def _same(value: str, choice: TallyChoice) -> bool:
    return _plain(value) in (_plain(choice.key), _plain(choice.label))


def _plain(text: str) -> str:
    """Without regard to case and to the sign between the parts."""
    return re.sub(r"\s*[-–:]\s*", ":", text.strip()).casefold()


def shown(tallies: Tallies) -> str:
    """The rows as a table, selections above and the total below it."""
    chosen_labels = [
        f"{one.title}: {label}" for one in tallies.selections if (label := _label(one)) is not None
    ]
    if tallies.remark:
        raise CommandError(f"controlroom tallies: {tallies.remark}.")
    if tallies.drawn == "lines":
        columns = tallies.columns
        events = table(columns, [row.labels for row in tallies.rows], len(columns))
        return "\n".join([*chosen_labels, events])
    here = tallies.sum
    blank = ("",) * (len(tallies.columns) - 1)
    others = [TallyRow(("others", *blank), tallies.others)] if tallies.others else []
    average = [tallies.average_label] if tallies.average_label else []
    rows = [
        (
            *row.labels,
            number(row.count),
            percent(row.count / here if here else None),
            *([number(row.average, 1)] if average else []),
        )
        for row in (*tallies.rows, *others)
    ]
    header = (*tallies.columns, tallies.noun, "share", *average)
    lines = [*chosen_labels, table(header, rows, left=len(tallies.columns))]
    if tallies.more:
        lines.append(f"+ {number(tallies.more)} more members; `controlroom tallies --all` has them")
    return "\n".join([*lines, f"total {number(tallies.total)} {tallies.noun}"])


def _label(selection: Selection) -> str | None:
    if selection.free:
        return selection.selected or None
    for choice in selection.choices:
        if choice.key == selection.selected:
            return choice.label
    return None
