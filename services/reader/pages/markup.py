"""Pages as HTML. Pure functions; every text of an event, a scenario or a request is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlencode

Json = Mapping[str, Any]
LINES = (10, 20)
"""How many log lines can be shown."""
_NAMES = {"createdat": "stored", "producedat": "sent", "data": "event"}
_NUMBERS = frozenset({"count", "average", "percent", "partition", "offset"})
_SCRIPT = "This page shows how it was when it was loaded; reload it for newer figures."


class Shown(NamedTuple):
    """What changes on a page: a sentence and the inside of the table."""

    summary: str
    table: str

    def to_json(self) -> dict[str, str]:
        """As an event of a stream tells it."""
        return {"summary": self.summary, "table": self.table}


def table(columns: Sequence[str], rows: Sequence[Json], caption: str) -> str:
    """The inside of a table; the first column names the row."""
    head = "".join(f'<th scope="col"{_kind(one)}>{_name(one)}</th>' for one in columns)
    body = "".join(_row(columns, row) for row in rows)
    if not rows:
        body = f'<tr><td colspan="{max(1, len(columns))}">Nothing yet.</td></tr>'
    head = f"<thead><tr>{head}</tr></thead>" if columns else ""
    return f"<caption>{escape(caption)}</caption>{head}<tbody>{body}</tbody>"


def _row(columns: Sequence[str], row: Json) -> str:
    first, *others = columns
    cells = "".join(f"<td{_kind(one)}>{_cell(one, row.get(one))}</td>" for one in others)
    return f'<tr><th scope="row"{_kind(first)}>{_cell(first, row.get(first))}</th>{cells}</tr>'


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and column == "count":
        return f"{value:,}"
    if column == "percent":
        bar = f'<meter min="0" max="100" value="{float(value):.2f}" aria-hidden="true"></meter>'
        return f"{float(value):.2f} {bar}"
    return escape(str(value))


def _kind(column: str) -> str:
    return ' class="number"' if column in _NUMBERS else ""


def _name(column: str) -> str:
    return escape(_NAMES.get(column, column).replace("_", " "))


def live(found: Json, views: Sequence[tuple[str, str]], shown: Shown, chosen: str) -> str:
    """The page of a view. `views`: name and title of all; `chosen`: the query of what is shown."""
    title = str(found["title"])
    links = "".join(
        _link("live", {"view": name}, text, name == found["view"]) for name, text in views
    )
    nav = f'<nav aria-label="Views"><ul>{links}</ul></nav>' if len(views) > 1 else ""
    hidden = f'<input type="hidden" name="view" value="{escape(str(found["view"]))}">'
    return _page(
        f"{title} · {found['scenario']}",
        title,
        nav + _form(found, hidden),
        shown,
        f"live/page/stream?{chosen}",
    )


def logs(name: str, last: int, shown: Shown, purge: bool) -> str:
    """The page of the newest stored events; `purge`: with the form that removes them all."""
    links = "".join(_link("logs", {"last": str(n)}, f"last {n}", n == last) for n in LINES)
    nav = f'<nav aria-label="How many"><ul>{links}</ul></nav>'
    end = _purge(name) if purge else _PURGE_ELSEWHERE
    title = f"Log of {name}"
    return _page(title, title, nav, shown, f"logs/stream?last={last}", end)


def failed(sentence: str, fix: str) -> str:
    """The page that says why there is none."""
    body = f'<p role="alert">{escape(sentence)}</p><p>{escape(fix)}</p>'
    return _document("Not now", f"<main><h1>Not now</h1>{body}</main>", "")


def _link(path: str, query: Mapping[str, str], text: str, current: bool) -> str:
    here = ' aria-current="page"' if current else ""
    return f'<li><a href="{path}?{escape(urlencode(query))}"{here}>{escape(text)}</a></li>'


def _form(found: Json, hidden: str) -> str:
    choices = found.get("choices")
    if not choices:
        return ""
    selects = "".join(
        f"<label>{escape(title)} <select name={_quoted(title)}>"
        + "".join(_option(one, str(found["selected"].get(title))) for one in offered)
        + "</select></label>"
        for title, offered in choices.items()
    )
    return f'<form action="live" method="get">{hidden}{selects}<button>Show</button></form>'


def _option(one: Mapping[str, str], chosen: str) -> str:
    picked = " selected" if one["key"] == chosen else ""
    return f"<option value={_quoted(one['key'])}{picked}>{escape(one['label'])}</option>"


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'


_PURGE_ELSEWHERE = (
    "<p>Nothing can be purged at this door. Use <code>controlroom logs --purge</code>, or this page"
    " at the reader's admin port.</p>"
)


def _purge(name: str) -> str:
    return (
        '<section aria-labelledby="purge-title"><h2 id="purge-title">Purge</h2>'
        "<p>Removes all stored events. The tallies stay.</p>"
        f'<form id="purge" data-name={_quoted(name)}>'
        '<label>Token <input name="token" type="password" autocomplete="off" required></label>'
        f"<label>Type {_quoted(name)} to confirm"
        ' <input name="confirm" autocomplete="off" required></label>'
        '<button>Purge</button></form><p id="purged" role="status"></p>'
        "<noscript><p>The form needs a script; "
        "<code>controlroom logs --purge</code> does not.</p></noscript></section>"
    )


def _page(title: str, heading: str, before: str, shown: Shown, stream: str, after: str = "") -> str:
    main = (
        f"<main><h1>{escape(heading)}</h1>{before}"
        f'<p id="summary">{escape(shown.summary)}</p>'
        '<p><button id="pause" type="button" hidden>Pause</button> '
        '<span id="state" role="status"></span></p>'
        f"<noscript><p>{_SCRIPT}</p></noscript>"
        '<div class="wide" role="region" aria-label="Rows" tabindex="0">'
        f'<table id="rows" data-stream={_quoted(stream)}>{shown.table}</table></div>{after}</main>'
    )
    return _document(title, main, '<script src="live/page.js" defer></script>')


def _document(title: str, main: str, script: str) -> str:
    pages = '<li><a href="live">Tallies</a></li><li><a href="logs">Log</a></li>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="live/page.css">'
        f'{script}</head><body><a class="skip" href="#rows">Skip to the rows</a>'
        f'<header><nav aria-label="Pages"><ul>{pages}</ul></nav></header>{main}</body></html>'
    )
