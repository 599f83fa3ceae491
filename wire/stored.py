"""Pages of stored events, newest first; each is a bounded read however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scenarios.derived import with_derived
from scenarios.scenario import ORIGIN, Scenario, Value
from scenarios.views.kinds.stored import StoredView
from wire import keys

if TYPE_CHECKING:
    from wire.committed import Committed
    from wire.documents import Document, Documents

ROWS = 50
"""Events of a page where nobody says how many."""
PAGES = 20
"""Pages that can be asked for; `controlroom logs` goes back further."""
REACH = 20_000
"""Offsets of each partition that are looked through for a value."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `page` counts from 1."""

    page: int = 1
    rows: int = ROWS
    column: str = ""
    """Only events that have `value` in it; all where it is empty."""
    value: Value = ""


class FilterError(ValueError):
    """What is asked for cannot be looked for in the store; the text says why."""


def filtered(scenario: Scenario, view: StoredView, text: str) -> tuple[str, Value]:
    """Column and value of a text such as `location=Guatemala`; both are empty for an empty one.

    Raises FilterError.
    """
    if not text.strip():
        return "", ""
    column, equals, value = (part.strip() for part in text.partition("="))
    own = {field.name: field for field in scenario.fields}
    known = [name for name in view.columns if name in own or name == ORIGIN]
    if not equals or column not in known:
        raise FilterError(f"{text!r} is not one of {', '.join(known)} with = and a value")
    if column == ORIGIN or own[column].kind == "text":
        return column, value
    try:
        return column, int(value)
    except ValueError:
        raise FilterError(f"{column} is a whole number, not {value!r}") from None


async def page(
    scenario: Scenario, committed: Committed, documents: Documents, wanted: Wanted
) -> list[Document]:
    """The events of one page. Raises DocumentsError."""
    collection, ranges = keys.logs_collection(scenario.name), committed.ranges()
    end = wanted.page * wanted.rows
    if wanted.column:
        name = wanted.column if wanted.column == ORIGIN else f"event.{wanted.column}"
        matching = {name: wanted.value}
        found = await documents.newest_matching(collection, ranges, end, matching, REACH)
    else:
        found = await documents.newest(collection, ranges, end)
    return found[end - wanted.rows : end]


def cells(scenario: Scenario, columns: Sequence[str], document: Document) -> Mapping[str, Value]:
    """Column -> value of one event."""
    values = {ORIGIN: document["origin"], **with_derived(scenario, document["event"])}
    return {name: values[name] for name in columns}
