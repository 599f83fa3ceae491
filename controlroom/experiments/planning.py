"""What an experiment will do: which arm when, and how long it takes."""

from __future__ import annotations

from controlroom.experiments.format import Experiment
from controlroom.verdicts import order

BESIDE = 5.0
"""Seconds of a block beside its phases: the load process starts, and the queue drains."""
ARMING = 3.0
"""Seconds until a fault is injected."""

SCALING = 15.0
"""Seconds until other replicas, or pods with other settings, are ready, and the former again."""


def ordered(experiment: Experiment, rounds: int, seed: int) -> list[str]:
    """Names of the arms, block by block: each round has all of them, in an order of its own."""
    if rounds < 1:
        return []
    names = [arm.name for arm in experiment.arms]
    return order(names, rounds, seed) if len(names) > 1 else names * rounds


def lasting(experiment: Experiment, rounds: int) -> float:
    """Seconds that it takes, about."""
    blocks = [
        experiment.block_seconds
        + BESIDE
        + ARMING * bool(experiment.faults_of(arm) or experiment.splits_of(arm))
        + SCALING * (bool(arm.replicas) + len(arm.settings))
        for arm in experiment.arms
    ]
    return sum(blocks) * rounds
