"""Which targets the settings mean: the local stack, or a cluster for each context."""

from __future__ import annotations

from pathlib import Path

from controlroom.settings import Settings
from controlroom.targets.abilities import Located, Refused, Target, TargetInfo
from controlroom.targets.split import WholePipeline

LOCAL = "local stack"


def target_of(settings: Settings) -> Target:
    """The one target of a verb. Raises Refused where more than one context is named."""
    if len(settings.contexts) > 1:
        raise Refused(
            f"This wants one context, and {len(settings.contexts)} are named.",
            f"Give one --context: {' or '.join(settings.contexts)}.",
        )
    return targets_of(settings)[0]


def path_of(settings: Settings) -> Located:
    """The one pipeline that the settings mean, whose two sides may be in two contexts.

    Raises Refused for more contexts.
    """
    if len(settings.contexts) > 2:
        raise Refused(
            f"A pipeline has two sides at most, and {len(settings.contexts)} contexts are named.",
            "Give one --context, or two that are the sides of one pipeline.",
        )
    here, *others = targets_of(settings)
    return WholePipeline(here, others, strict=True)


def targets_of(settings: Settings) -> list[Target]:
    """A target for each context in their order; the local stack where none is named."""
    if not settings.contexts:
        from controlroom.targets.local import LocalTarget

        return [LocalTarget.from_settings(settings)]
    return [cluster(context, settings.namespace) for context in settings.contexts]


def cluster(context: str, namespace: str = "") -> Target:
    """The cluster of one context; nothing is connected yet."""
    from controlroom.targets.kubernetes.target import KubernetesTarget

    return KubernetesTarget(context, namespace)


def scenario_of(info: TargetInfo, given: str) -> str:
    """What to load for that which a target runs; `given` is what the settings name.

    A stack of this machine says where its scenario is. A cluster says a name: the code that may
    belong to it is run only from where the user himself says that it is.
    """
    # the first picture does without it
    from scenarios.loading import is_path, load, names

    file = info.details.get("scenario_file", "")
    if file and Path(file).exists():
        return file
    if is_path(given) and load(given).name == info.scenario:
        return given
    if info.scenario and info.scenario not in names():
        raise Refused(
            f"{info.name} runs the scenario {info.scenario}, which is not on this machine.",
            "Give --scenario with its folder or its file.",
        )
    return info.scenario


def title_of(settings: Settings) -> str:
    """What the settings aim at, as the audit and the header name it."""
    return ", ".join(settings.contexts) or LOCAL
