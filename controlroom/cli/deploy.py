"""`controlroom deploy`: an overlay on a cluster, up and ready."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from controlroom.cli.exits import CommandError, Exit
from controlroom.cli.verb import emit_json, talk
from controlroom.model.duration import parse_duration
from controlroom.runs.audit import acting
from controlroom.settings import Settings

if TYPE_CHECKING:
    from controlroom.targets.kubernetes.api import Api

DESCRIPTION = """\
Put an overlay of k8s/overlays on a cluster and wait until it is ready; what is
not is told with its reason. Done again it changes only what differs."""
EXAMPLES = (
    "controlroom deploy --context lab-a --overlay lab-one",
    "controlroom deploy --context lab-a --overlay lab-a --peer lab-b",
    "controlroom deploy --context lab-a --overlay room --authorized-keys me.pub",
)
TIMEOUT = "5m"
INSIST = 60.0
"""Seconds that an API server which is restarted in the middle gets to come back."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what goes where."""
    parser.add_argument("--context", metavar="NAME", help="the cluster, as the kubeconfig names it")
    parser.add_argument("--overlay", metavar="NAME|DIR", help="what to deploy")
    parser.add_argument(
        "--peer", metavar="NAME", help="context of the cluster at the hop's far end"
    )
    parser.add_argument("--namespace", metavar="NAME", help="where its services are")
    parser.add_argument(
        "--authorized-keys",
        metavar="FILE",
        type=Path,
        help="public keys of those who may enter the room",
    )
    parser.add_argument("--timeout", metavar="TIME", default=TIMEOUT, help=f"({TIMEOUT})")
    parser.add_argument("--no-wait", action="store_true", help="return when all is applied")


async def main(args: argparse.Namespace) -> Exit:
    """Renders, applies, waits."""
    from controlroom.targets.kubernetes.deploy.applying import Applier
    from controlroom.targets.kubernetes.deploy.entering import authorized_keys
    from controlroom.targets.kubernetes.deploy.peers import calls_across, open_slices, settle
    from controlroom.targets.kubernetes.deploy.readiness import Rollout
    from controlroom.targets.kubernetes.deploy.rendering import overlay_path, render
    from controlroom.targets.kubernetes.target import KubernetesTarget

    began = time.monotonic()

    def say(line: str) -> None:
        talk(f"{time.monotonic() - began:6.1f} s  {line}")

    context, overlay = one_place(args)
    timeout = _seconds(args.timeout)
    path = overlay_path(overlay)
    file: Path | None = args.authorized_keys
    given: dict[str, dict[str, str]] = {}
    if file is not None:
        given = {"room": {"authorized_keys": await authorized_keys(file)}}
    target = KubernetesTarget(context, args.settings.namespace, INSIST)
    try:
        namespace = await target.namespace()
        objects = await render(path)
        across = calls_across(objects)
        if across:
            given |= {"hop": await _hop_secret(args.peer, namespace, target.api)}
        # where a mesh finds the far side, a peer is named for its secret alone
        wanted = not across or open_slices(objects)
        settle(objects, await _addresses(args.peer) if wanted else ())
        say(f"{len(objects)} objects of {path.name} for {context}")
        facts = {"overlay": str(path), **({"peer": args.peer} if args.peer else {})}
        with acting(args.settings.state_dir, "deploy", context, **facts):
            applied = await Applier(target.api, namespace, path.name, say).apply(objects, given)
        left = [] if args.no_wait else await Rollout(target.api, applied).wait(timeout, say)
    finally:
        await target.close()
    seconds = round(time.monotonic() - began, 1)
    if args.json:
        emit_json({"objects": len(applied), "seconds": seconds, "left": [asdict(x) for x in left]})
    for one in left:
        talk(f"{one.kind} {one.name} in {one.namespace}: {one.state}")
        for reason in one.reasons:
            talk(f"    {reason}")
    images = sorted({image for one in left for image in one.images})
    if images:
        talk(f"The cluster cannot get these images: {', '.join(images)}.")
        talk("  On a lab: `make lab-images`. Elsewhere push them to where the cluster pulls from.")
    if left:
        talk(f"Not ready within {args.timeout}; it goes on by itself, or `controlroom undeploy`.")
        return Exit.FAILED
    say("applied" if args.no_wait else "ready")
    return Exit.OK


def one_place(args: argparse.Namespace) -> tuple[str, str]:
    """Context and overlay. Raises CommandError where one is missing, or not allowed."""
    settings: Settings = args.settings
    if settings.read_only:
        raise CommandError(
            "This is read-only: nothing is deployed or removed.",
            "Leave --read-only out.",
            Exit.REFUSED,
        )
    if len(settings.contexts) != 1:
        raise CommandError(
            f"{len(settings.contexts) or 'No'} contexts are named; one is wanted.",
            "Give --context NAME, as `kubectl config get-contexts` lists them.",
        )
    if not args.overlay:
        raise CommandError("No overlay is named.", "Give --overlay NAME, of k8s/overlays.")
    return settings.contexts[0], args.overlay


async def _addresses(peer: str | None) -> list[str]:
    """Where the nodes of that context are; none where none is named."""
    from controlroom.targets.kubernetes.api import Api
    from controlroom.targets.kubernetes.deploy.peers import node_addresses

    if not peer:
        return []
    api = Api(peer)
    try:
        return await node_addresses(api)
    finally:
        await api.close()


async def _hop_secret(peer: str | None, namespace: str, own: Api) -> dict[str, str]:
    """What both ends of the hop know: as the far side has it, else as it is here already."""
    from controlroom.targets.kubernetes.api import Api
    from controlroom.targets.kubernetes.deploy.peers import hop_secret

    if not peer:
        return await hop_secret(own, namespace)
    api = Api(peer)
    try:
        return await hop_secret(api, namespace)
    finally:
        await api.close()


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CommandError(f"--timeout: {error}") from None
