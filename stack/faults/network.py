"""NetworkChaos on links."""

from __future__ import annotations

from collections.abc import Sequence

from stack.errors import StackError
from stack.faults.model import LinkFault
from stack.faults.victims import PodVictim, Victim
from stack.links import LINKED, Links, Stream, Toxic, link_name

_THERE: dict[str, tuple[Stream, ...]] = {
    "to": ("upstream",),
    "from": ("downstream",),
    "both": ("upstream", "downstream"),
}
_BACK: dict[str, tuple[Stream, ...]] = {
    "to": ("downstream",),
    "from": ("upstream",),
    "both": ("upstream", "downstream"),
}

Cut = tuple[str, str, tuple[Stream, ...]]
"""Deployment, engine, streams."""


def cuts(
    what: LinkFault,
    sources: Sequence[Victim],
    targets: Sequence[Victim] | None,
    deployments: Sequence[str],
) -> list[Cut]:
    """The links that are hit. Raises StackError where there is no link between the two sides."""
    apps, engines = _sides(sources)
    if targets is None:
        other_apps, other_engines = list(deployments), list(LINKED)
    else:
        other_apps, other_engines = _sides(targets)
    there, back = _THERE[what.direction], _BACK[what.direction]
    found: list[Cut] = [(app, engine, there) for app in apps for engine in other_engines]
    found += [(app, engine, back) for app in other_apps for engine in engines]
    if not found:
        raise StackError(
            "There is no link between the selected pods and the target.",
            "Links run between deployments and kafka, redis or mongo: name one of each side.",
            "refused",
        )
    return found


def check(found: Sequence[Cut], links: Links) -> None:
    """Raises StackError for an engine that no link leads to."""
    for engine in dict.fromkeys(engine for _, engine, _ in found):
        reason = links.linked(engine)
        if reason:
            raise StackError(
                f"The network to {engine} cannot be disturbed: {reason}.",
                "Choose another engine as the target.",
                "refused",
            )


def check_whole(chosen: Sequence[Victim], all_names: set[str]) -> None:
    """Raises StackError unless all pods of each deployment are hit: they share their links."""
    left = all_names - {victim.name for victim in chosen}
    if left:
        raise StackError(
            f"All pods of a deployment share its links, and {', '.join(sorted(left))} "
            "would not be selected.",
            "Use mode all, and select the deployment by its label.",
            "refused",
        )


def toxics(key: str, what: LinkFault, found: Sequence[Cut]) -> list[Toxic]:
    """What is put on the links."""
    if what.action == "loss":
        return [_reset(key, what, app, engine) for app, engine, _ in found]
    return [
        _toxic(key, what, link_name(app, engine), stream)
        for app, engine, streams in found
        for stream in streams
    ]


def _toxic(key: str, what: LinkFault, link: str, stream: Stream) -> Toxic:
    name = f"{key}-{stream}"
    if what.action == "partition":
        return Toxic(link, name, "timeout", stream, {"timeout": 0})
    milliseconds = {"latency": what.latency, "jitter": what.jitter}
    attributes = {word: round(value * 1000) for word, value in milliseconds.items()}
    return Toxic(link, name, "latency", stream, attributes)


def _reset(key: str, what: LinkFault, app: str, engine: str) -> Toxic:
    link = link_name(app, engine)
    share = what.loss / 100
    return Toxic(link, f"{key}-upstream", "reset_peer", "upstream", {"timeout": 0}, share)


def effect(what: LinkFault, found: Sequence[Cut]) -> str:
    """One sentence on what happens."""
    names = ", ".join(link_name(app, engine) for app, engine, _ in found)
    match what.action:
        case "delay":
            jitter = f" +- {what.jitter * 1000:g} ms" if what.jitter else ""
            return f"{what.latency * 1000:g} ms{jitter} are added on the links {names}."
        case "loss":
            return f"Connections on the links {names} are reset at random."
        case "partition":
            return f"Nothing passes on the links {names}; connections hang."


def _sides(victims: Sequence[Victim]) -> tuple[list[str], list[str]]:
    apps = [v.group for v in victims if isinstance(v, PodVictim)]
    engines = [v.group for v in victims if not isinstance(v, PodVictim)]
    return list(dict.fromkeys(apps)), list(dict.fromkeys(engines))
