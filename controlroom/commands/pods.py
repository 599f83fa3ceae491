"""`controlroom logs --pod --deployment`: what one pod says, or several, in one by time."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, talk
from controlroom.commands.here import Here
from controlroom.feeds.pod_logs import MOST_PODS, PodLogs
from controlroom.feeds.text import clean
from controlroom.model.needle import Needle, NeedleError
from controlroom.model.pod_lines import Said, body_of

LINES = 200
"""Lines that each pod is asked for at least, so that none is missed between two questions."""
PERIOD = 1.0
"""Seconds between two questions."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which pods."""
    parser.add_argument(
        "--pod", metavar="NAME", action="append",
        help="what a pod says, or several by time; --deployment NAME",
    )  # fmt: skip
    # said with the flag before, as all has to fit one screen
    parser.add_argument("--deployment", metavar="NAME", help=argparse.SUPPRESS)
    parser.add_argument("--previous", action="store_true", help=argparse.SUPPRESS)


def is_meant(args: argparse.Namespace) -> bool:
    """Whether pods are named."""
    return bool(args.pod or args.deployment)


async def main(args: argparse.Namespace, lines: int) -> Exit:
    """One pod as it says it; several, or what is followed or looked for, with their names."""
    _check(args)
    if len(args.pod or ()) == 1 and not (args.deployment or args.follow or args.grep):
        return await _one(args, args.pod[0], lines)
    if args.previous:
        raise CommandError("--previous is of one pod.", "Name it: --pod NAME --previous.")
    try:
        needle = Needle(args.grep or "")
    except NeedleError as error:
        raise CommandError(f"--grep: {error}.") from error
    async with Here(args.settings) as here:
        logs, first = PodLogs(here.target, max(lines, LINES)), True
        while True:
            pods = await _pods(here, args)
            if not pods and not args.follow:
                talk(f"No pod of {args.deployment} runs.")
            fresh = await logs.turn(pods)
            _print(_newest(fresh, needle, lines if first else len(fresh)), args.json)
            first = False
            if not args.follow:
                return Exit.OK
            await asyncio.sleep(PERIOD)


def _check(args: argparse.Namespace) -> None:
    if args.total or args.at or args.purge or args.field or args.since or args.until:
        raise CommandError(
            "--pod and --deployment show what pods say, not events.",
            "With them go --last, --follow, --grep and, of one pod, --previous.",
        )
    if args.pod and args.deployment:
        raise CommandError("--pod and --deployment are two ways to name pods.", "Give one of them.")
    if len(args.pod or ()) > MOST_PODS:
        raise CommandError(f"More than {MOST_PODS} pods are named.", "Name fewer.")


async def _pods(here: Here, args: argparse.Namespace) -> Sequence[str]:
    """Those that are meant and there now. Raises CommandError for a deployment that is not."""
    if args.pod:
        return tuple(dict.fromkeys(args.pod))
    fleet = await here.target.fleet()
    known = [one.name for one in fleet.deployments]
    if args.deployment not in known:
        raise CommandError(
            f"There is no deployment {args.deployment}.", f"There are {', '.join(known)}."
        )
    return [pod.name for pod in fleet.pods if pod.deployment == args.deployment]


async def _one(args: argparse.Namespace, pod: str, lines: int) -> Exit:
    async with Here(args.settings) as here:
        said = await here.target.pod_log(pod, lines, args.previous)
    for line in said:
        if args.json:
            emit_json({"pod": pod, "line": line})
        else:
            # what a program says may hold what a terminal takes for commands
            emit(clean(line.replace("\t", "  ")))
    if not said:
        talk("No life before is known." if args.previous else f"{pod} has said nothing yet.")
    return Exit.OK


def _newest(lines: Sequence[Said], needle: Needle, most: int) -> Sequence[Said]:
    """The last ones of those that fit; what is told of a pod always does."""
    fitting = [one for one in lines if one.told or needle.fits(one.line)]
    return fitting[max(0, len(fitting) - most) :]


def _print(lines: Iterable[Said], as_json: bool) -> None:
    for one in lines:
        if one.told:
            talk(f"-- {clean(one.line)}")
        elif as_json:
            emit_json({"at": one.at, "pod": one.pod, "line": one.line})
        else:
            emit(words_of(one))


def words_of(one: Said) -> str:
    """A line with its time and the pod's name."""
    at = datetime.fromtimestamp(one.at).strftime("%H:%M:%S.%f")[:-3]
    return f"{at} {one.pod} {clean(body_of(one))}"
