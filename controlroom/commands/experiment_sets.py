"""What the arms of an experiment set before their blocks, checked on the target."""

from __future__ import annotations

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.here import Here
from controlroom.experiments.format import Arm
from controlroom.runs import replicas, variables
from controlroom.runs.experiment_spec import ExperimentSpec
from controlroom.targets.abilities import Refused

_STATUS = "See `controlroom status` for what runs."
_SETTINGS = "docs/experiments.md names the settings."


async def settable(spec: ExperimentSpec, here: Here) -> list[Arm]:
    """The arms that set something. Raises CommandError where the target cannot have it."""
    arms = spec.experiment.arms
    if any(arm.replicas for arm in arms):
        fleet = await here.target.fleet()
        for arm in arms:
            if why := replicas.unscalable(arm.replicas, fleet):
                raise CommandError(f"arm {arm.name}: {why}", _STATUS, Exit.REFUSED)
    for arm in arms:
        for deployment, values in arm.settings.items():
            try:
                await here.target.configured(deployment, list(values))
            except Refused as error:
                fix = error.fix or _SETTINGS
                raise CommandError(f"arm {arm.name}: {error}", fix, Exit.REFUSED) from None
    return [arm for arm in arms if arm.replicas or arm.settings]


def set_words(arm: Arm) -> str:
    """`consumer 3 replicas; reader MAX_STREAMS=10`."""
    parts = [f"{replicas.words(arm.replicas)} replicas"] if arm.replicas else []
    return "; ".join([*parts, *([variables.words(arm.variables)] if arm.settings else [])])
