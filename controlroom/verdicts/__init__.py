"""Verdicts on what was measured: which arm is faster, which fault does most harm. Pure functions.

Nothing that a room needs to open imports this.
"""

from controlroom.verdicts.blocks import Block, order
from controlroom.verdicts.comparing import Comparison, compare
from controlroom.verdicts.damage import Damage, Weights, Window, damage
from controlroom.verdicts.planning import blocks_needed, width_after
from controlroom.verdicts.ranking import Place, rank

__all__ = [
    "Block",
    "Comparison",
    "Damage",
    "Place",
    "Weights",
    "Window",
    "blocks_needed",
    "compare",
    "damage",
    "order",
    "rank",
    "width_after",
]
