"""`controlroom deploy`: an overlay on a cluster, up and ready."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import talk
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, absolute, perform_verb, unsaid
from controlroom.settings import Settings, flag_of
from host.durations import parse_duration
from scenarios.loading import load, whole

if TYPE_CHECKING:
    from controlroom.targets.kubernetes.api import Api
    from controlroom.targets.kubernetes.deploy.readiness import UnreadyWorkload

DESCRIPTION = """\
Put an overlay of k8s/overlays on a cluster and wait until it is ready; what is
not is listed with its reason. Done again it changes only what differs. With
--scenario the overlay has that one on top, also a folder of your own."""
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
        "--peer", metavar="NAME", help="context of the cluster at the bridge's remote end"
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


@dataclass
class Deploy(Act):
    """Renders, applies, waits."""

    overlay: str
    peer: str = ""
    authorized_keys: str = ""
    timeout: str = unsaid(TIMEOUT)
    wait: bool = unsaid(True)
    scenario: str = ""
    """Of the project, or a folder; empty where the overlay has its own."""
    command = "deploy"

    async def carry_out(self, here: Here) -> Answer:
        from controlroom.targets.kubernetes.deploy.applying import Applier
        from controlroom.targets.kubernetes.deploy.rendering import overlay_path
        from controlroom.targets.kubernetes.target import KubernetesTarget

        began = time.monotonic()

        def say(line: str) -> None:
            talk(f"{time.monotonic() - began:6.1f} s  {line}")

        timeout = _seconds(self.timeout)
        path = overlay_path(self.overlay)
        target = KubernetesTarget(here.context, here.settings.namespace, INSIST)
        try:
            namespace = await target.namespace()
            with self._on_top(path) as rendered:
                objects, given = await self._rendered(rendered, namespace, target.api)
            say(f"{len(objects)} objects of {path.name} for {here.context}")
            applied = await Applier(target.api, namespace, path.name, say).apply(objects, given)
            left = await _settled(target.api, applied, timeout, say) if self.wait else []
        finally:
            await target.close()
        data = {
            "objects": len(applied),
            "seconds": round(time.monotonic() - began, 1),
            "left": [asdict(one) for one in left],
        }
        if left:
            said = "\n".join(_told(left, self.timeout))
            names = ", ".join(f"{one.kind} {one.name}" for one in left)
            return Answer(said, data=data, code=Exit.FAILED, left=f"not ready: {names}")
        say("ready" if self.wait else "applied")
        return Answer(data=data)

    def _on_top(self, overlay: Path) -> AbstractContextManager[Path]:
        """What is rendered: the overlay, with the scenario that was asked for on top."""
        if not self.scenario:
            return nullcontext(overlay)
        from controlroom.targets.kubernetes.deploy.systems import with_scenario

        scenario = load(self.scenario)
        if scenario.folder is None:
            raise CommandError(
                f"The scenario {self.scenario} is a file alone, which no image has.",
                "Put it into a folder as scenario.toml, and name the folder.",
            )
        return with_scenario(overlay, scenario)

    async def _rendered(
        self, path: Path, namespace: str, api: Api
    ) -> tuple[list[dict[str, Any]], dict[str, dict[str, str]]]:
        """The objects, and the contents of the Secrets that are known here only."""
        from controlroom.targets.kubernetes.deploy import doors, ingresses, scraped
        from controlroom.targets.kubernetes.deploy.entering import authorized_keys
        from controlroom.targets.kubernetes.deploy.peers import calls_across, open_slices, settle
        from controlroom.targets.kubernetes.deploy.rendering import render

        given: dict[str, dict[str, str]] = {}
        if self.authorized_keys:
            given = {"room": {"authorized_keys": await authorized_keys(Path(self.authorized_keys))}}
        objects = await render(path)
        across = calls_across(objects)
        if across:
            given |= {"bridge": await _bridge_secret(self.peer, namespace, api)}
        # where a mesh finds the remote side, a peer is named for its secret alone
        wanted = not across or open_slices(objects)
        settle(objects, await _addresses(self.peer) if wanted else ())
        ingresses.fit(objects)
        doors.fill(objects)
        scraped.fill(objects)
        return objects, given


async def _settled(
    api: Api, objects: Sequence[dict[str, Any]], timeout: float, say: Callable[[str], None]
) -> list[UnreadyWorkload]:
    """Waits for the workloads, and then for a lab's ingress; answers what is not ready in time."""
    from controlroom.targets.kubernetes.deploy.readiness import Rollout
    from controlroom.targets.kubernetes.deploy.routed import Routes, backends_with_pods, exporter

    deadline = time.monotonic() + timeout
    left = await Rollout(api, objects).wait(timeout, say)
    backends = backends_with_pods(objects)
    if left or not backends:
        return left
    async with exporter(api, objects) as ask:
        return await Routes(backends, ask).wait(deadline - time.monotonic(), say)


async def main(args: argparse.Namespace) -> Exit:
    """Puts it there."""
    overlay = overlay_fact(one_place(args))
    keys = absolute(args.authorized_keys) if args.authorized_keys else ""
    settings: Settings = args.settings
    scenario = scenario_on_top(settings)
    act = Deploy(overlay, args.peer or "", keys, args.timeout, not args.no_wait, scenario)
    return await perform_verb(act, args)


def scenario_on_top(settings: Settings) -> str:
    """The scenario of the flag, else none: one that a file or a variable names is that of the local
    stack."""
    given = settings.origin("scenario") == flag_of("scenario")
    return whole(settings.scenario) if given else ""


def _told(left: Sequence[UnreadyWorkload], timeout: str) -> Iterator[str]:
    """What is not ready, and why."""
    for one in left:
        yield f"{one.kind} {one.name} in {one.namespace}: {one.state}"
        yield from (f"    {reason}" for reason in one.reasons)
    images = sorted({image for one in left for image in one.images})
    if images:
        yield f"The cluster cannot get these images: {', '.join(images)}."
        yield "  On a lab: `controlroom lab images`, then `lab load-image`."
        yield "  Elsewhere push them to where the cluster pulls from."
    yield f"Not ready within {timeout}; it goes on by itself, or `controlroom undeploy`."


def one_place(args: argparse.Namespace) -> str:
    """The overlay for the one context. Raises CommandError where one is missing."""
    settings: Settings = args.settings
    if len(settings.contexts) != 1:
        raise CommandError(
            f"{len(settings.contexts) or 'No'} contexts are named; one is wanted.",
            "Give --context NAME, as `kubectl config get-contexts` lists them.",
        )
    if not args.overlay:
        raise CommandError("No overlay is named.", "Give --overlay NAME, of k8s/overlays.")
    return str(args.overlay)


def overlay_fact(overlay: str) -> str:
    """An overlay as the audit has it: the name of one of ours, the path of any other."""
    return absolute(overlay) if "/" in overlay else overlay


async def _addresses(peer: str) -> list[str]:
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


async def _bridge_secret(peer: str, namespace: str, own: Api) -> dict[str, str]:
    """What both ends of the bridge know: as the remote side has it, else as it is here already."""
    from controlroom.targets.kubernetes.api import Api
    from controlroom.targets.kubernetes.deploy.peers import bridge_secret

    if not peer:
        return await bridge_secret(own, namespace)
    api = Api(peer)
    try:
        return await bridge_secret(api, namespace)
    finally:
        await api.close()


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CommandError(f"--timeout: {error}") from None
