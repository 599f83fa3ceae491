"""`controlroom metrics`: golden metrics per deployment."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from datetime import datetime
from typing import Any

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json
from controlroom.commands.limit import tell
from controlroom.commands.table import number, percent, table
from controlroom.commands.verb_context import VerbContext, answering, opened, verb_context
from controlroom.feeds.golden import GoldenSource, history, rows_of
from controlroom.feeds.routes import RoutesSource
from controlroom.model.golden import GoldenMetrics
from host.durations import parse_duration

DESCRIPTION = """\
Print success rate, requests/s and latency (ms) of every deployment over the last
window. `-` is no traffic, which is not zero."""
EXAMPLES = (
    "controlroom metrics",
    "controlroom metrics --window 10 --json",
    "controlroom metrics --history 10m",
)
POINTS = 20
"""Lines of a history."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares window and history."""
    parser.add_argument(
        "--window", metavar="SECONDS", help="what the figures cover, 30 s if not given"
    )
    parser.add_argument("--routes", action="store_true", help="every route, with its p50 to p99")
    parser.add_argument("--limit", action="store_true", help="which part is the limit, and why")
    parser.add_argument("--history", metavar="TIME", help="what came in, over the last 10m, 1h …")


async def main(args: argparse.Namespace) -> Exit:
    """Asks Prometheus once."""
    seconds = _seconds(args.history) if args.history else None
    async with verb_context(args.settings) as here:
        if seconds is not None:
            await _history(here, args, seconds)
            return Exit.OK
        if args.limit:
            await tell(here, args.json)
            return Exit.OK
        if args.routes:
            await _routes(here, args)
            return Exit.OK
        source = GoldenSource(
            here.endpoints.prometheus,
            here.endpoints.namespace,
            args.settings.window,
            rows_of(here.scenario),
        )
        async with opened(source):
            golden = await source.read()
    if args.json:
        emit_json(asdict(golden))
    else:
        emit(shown(golden))
    return Exit.OK


def _seconds(text: str) -> int:
    try:
        seconds = int(parse_duration(text))
    except ValueError as error:
        raise CommandError(f"--history: {error}") from error
    if not 10 <= seconds <= 7200:
        raise CommandError(f"--history {text} is not possible.", "Use 10s to 2h.")
    return seconds


async def _routes(here: VerbContext, args: argparse.Namespace) -> None:
    async with opened(RoutesSource(here.endpoints, args.settings.window)) as source:
        told = await source.read()
    if args.json:
        emit_json({"window": told.window, "routes": [_finite(asdict(row)) for row in told.rows]})
        return
    ordered = sorted(told.rows, key=lambda row: (row.deployment, row.direction, -row.rps))
    rows = [
        (
            row.deployment,
            f"{'in' if row.direction == 'inbound' else 'to'} {row.to}",
            percent(row.success),
            number(row.rps, 1),
            *(number(row.quantile(share), 1) for share in (0.5, 0.95, 0.99)),
        )
        for row in ordered
    ]
    header = ("deployment", "route", "success", "rps", "p50", "p95", "p99")
    emit(f"{table(header, rows, left=2)}\nover {told.window:.0f} s, latency in ms")


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinite bound."""
    bounds = [None if math.isinf(bound) else bound for bound in row["bounds"]]
    return {**row, "bounds": bounds}


async def _history(here: VerbContext, args: argparse.Namespace, seconds: int) -> None:
    step = max(1, seconds // POINTS)
    url, namespace = await here.endpoints.prometheus(), await here.endpoints.namespace()
    with answering("golden"):
        curves = await history(
            url, namespace, seconds, step, args.settings.window, rows_of(here.scenario)
        )
    moments = sorted({at for points in curves.values() for at, _ in points})
    known = {name: dict(points) for name, points in curves.items()}
    points = [{"at": at, **{name: known[name].get(at) for name in known}} for at in moments]
    if args.json:
        emit_json({"window": args.settings.window, "step": step, "points": points})
        return
    rows = [
        (
            datetime.fromtimestamp(point["at"] or 0).strftime("%H:%M:%S"),
            percent(point["success"]),
            number(point["rps"], 1),
            number(point["p95"], 1),
        )
        for point in points
    ]
    emit(table(("time", "success", "rps", "p95"), rows))


def shown(golden: GoldenMetrics) -> str:
    """The rows as a table."""
    rows = [
        (
            row.deployment,
            row.direction,
            percent(row.success),
            *(number(figure, 1) for figure in (row.rps, row.p50, row.p95, row.p99)),
        )
        for row in golden.rows
    ]
    header = ("deployment", "direction", "success", "rps", "p50", "p95", "p99")
    return f"{table(header, rows, left=2)}\nover {golden.window:.0f} s, latency in ms"
