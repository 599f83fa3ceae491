"""What a block did to its users: when a condition showed it, and how much of it there was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlroom.experiments.conditions import breached
from controlroom.experiments.format import Experiment
from controlroom.experiments.measures import EVERY, Sample
from controlroom.verdicts import Damage, Weights, Window, damage

CLOSE = 2.0 * EVERY
"""Seconds between the ends of two samples that follow each other."""
AT_INJECTION = 0.5 * EVERY
"""A sample is of the time after the injection where most of it is."""


def detected(experiment: Experiment, samples: Sequence[Sample], injected: float) -> float | None:
    """Seconds from the injection to the end of the first second in which a guard's limit or a
    bound of the steady state was breached; None where none was. What is not known breaches
    both."""
    for one in samples:
        if one.at - injected >= AT_INJECTION and breached(
            experiment.guards, experiment.steady_state, one
        ):
            return round(max(0.0, one.at - injected), 2)
    return None


def budget(slo: float | None, good: int, bad: int) -> dict[str, Any] | None:
    """Error budget that was burned: `burn_rate` = (1 - SLI) / (1 - SLO), with SLI = good / all.

    1 burns exactly the budget, if it went on for the time that the SLO is of. None without an SLO;
    no rate without an answer. Source: google/slo-generator, slo_generator/report.py (`eb_target`,
    `eb_value`, `eb_burn_rate`).
    """
    if slo is None:
        return None
    done, target = good + bad, 1.0 - slo
    rate = round(bad / done / target, 3) if done and target > 0 else None
    return {"slo": slo, "bad": bad, "good": good, "burn_rate": rate}


def windows(samples: Sequence[Sample]) -> list[Window]:
    """Samples as windows that lie end to end. Requests that came late are of the sample in which
    they came, so its rate is that of the time since the one before."""
    made: list[Window] = []
    before: float | None = None
    for one in samples:
        lasted = EVERY if before is None or one.at - before > CLOSE else one.at - before
        before = one.at
        if lasted > 0:
            lag = None if one.lag is None else float(one.lag)
            made.append(Window(one.at - lasted, lasted, one.good / lasted, one.p95, lag))
    return made


def harm(
    samples: Sequence[Sample], injected: float | None, removed: float | None, weights: Weights
) -> tuple[Damage | None, str]:
    """The damage after `injected`, or after the baseline where nothing was; else why it is not
    known."""
    baseline = [one for one in samples if one.phase == "baseline"]
    end = max((one.at for one in baseline), default=0.0)
    begin = end if injected is None else max(end - AT_INJECTION, injected)
    after = [one for one in samples if one.at - begin >= AT_INJECTION]
    try:
        found = damage(windows(baseline), windows(after), removed=removed, weights=weights)
    except ValueError as error:
        return None, str(error)
    return found, ""


def _told(found: Damage) -> dict[str, Any]:
    """Seconds, but for what is named otherwise."""
    names = ("score", "lost", "slow", "recovery", "lag", "worst_p95", "unknown", "resolution")
    told: dict[str, Any] = {name: round(getattr(found, name), 3) for name in names}
    return {**told, "recovered": found.recovered}


def impact(
    experiment: Experiment,
    samples: Sequence[Sample],
    injected: float | None,
    removed: float | None,
) -> dict[str, Any]:
    """What the line of a block has of it: `detect`, `budget`, `lost_good`, `damage`, and why the
    damage is not known.

    `injected`, `removed`: seconds since the epoch, None where nothing was. The budget is of all
    seconds after the injection, or else of the phases that are compared.
    """
    measured = [one for one in samples if one.phase in ("arming", "fault", "recovery")]
    if injected is not None:
        measured = [one for one in measured if one.at - injected >= AT_INJECTION]
    elif not measured:
        measured = [one for one in samples if one.phase == "baseline"]
    told: dict[str, Any] = {
        "detect": None if injected is None else detected(experiment, samples, injected),
        "budget": budget(
            experiment.goal, sum(one.good for one in measured), sum(one.bad for one in measured)
        ),
        "lost_good": None,
        "damage": None,
    }
    if not experiment.phases.seconds["fault"]:
        return told
    found, why = harm(samples, injected, removed, experiment.weights.weights)
    if found is None:
        return {**told, "damage_unknown": why}
    return {**told, "lost_good": round(found.lost_requests), "damage": _told(found)}
