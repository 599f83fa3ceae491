"""Links to other clusters, as rows of the fleet panel."""

from __future__ import annotations

from textual.strip import Strip

from controlroom.model.links import ClusterLink, ClusterLinks
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.text import Span


def link_rows(links: ClusterLinks | None, look: Look, width: int) -> list[Strip]:
    """One row for each other cluster: whether its gateway answers, and what comes from there."""
    if links is None:
        return []
    if not links.installed:
        return [text.row([("links  not installed", look.dim)], width, look.text)]
    if not links.links:
        return [text.row([("links  none", look.dim)], width, look.text)]
    return [text.row(_link(one, look), width, look.text) for one in links.links]


def _link(one: ClusterLink, look: Look) -> list[Span]:
    signs = look.signs
    probed = {True: "gateway alive", False: "gateway down", None: "gateway not probed"}[one.alive]
    good = one.alive is not False and not one.trouble
    sign = (signs.live, look.good) if good and one.alive else (signs.away, look.warn)
    if one.latency is not None and one.alive:
        probed += f" p95 {text.latency(one.latency, signs.none)} ms"
    names = ", ".join(map(text.clean, one.services)) or "nothing mirrored"
    spans: list[Span] = [("link   ", look.dim), (f"{sign[0]} ", sign[1])]
    spans += [(f"{text.clean(one.cluster)}  ", look.text)]
    spans += [(f"{probed}  ", look.dim if one.alive is not False else look.warn)]
    return [*spans, (text.clean(one.trouble) or names, look.warn if one.trouble else look.text)]
