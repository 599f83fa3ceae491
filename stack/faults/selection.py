"""Which pods a fault hits: selectors and modes with the meaning that Chaos Mesh gives them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from stack.faults.model import Expression, Selector, VictimChoice


class Selectable(Protocol):
    """What a selector looks at."""

    @property
    def name(self) -> str:
        """The pod's name."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """The pod's labels."""
        ...

    @property
    def phase(self) -> str:
        """The pod's phase."""
        ...


S = TypeVar("S", bound=Selectable)


def selected(selector: Selector, pods: Iterable[S], namespace: str) -> list[S]:
    """The pods of the namespace that the selector means."""
    if selector.pods:
        names = selector.pods.get(namespace, ())
        return [pod for pod in pods if pod.name in names]
    if namespace not in selector.namespaces:
        return []
    return [pod for pod in pods if _matches(selector, pod)]


def _matches(selector: Selector, pod: Selectable) -> bool:
    return (
        all(pod.labels.get(key) == value for key, value in selector.labels.items())
        and all(_meets(expression, pod.labels) for expression in selector.expressions)
        and (not selector.phases or pod.phase in selector.phases)
    )


def _meets(expression: Expression, labels: Mapping[str, str]) -> bool:
    value = labels.get(expression.key)
    match expression.operator:
        case "In":
            return value in expression.values
        case "NotIn":
            return value not in expression.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None


def most(choice: VictimChoice, count: int) -> int:
    """How many of `count` pods the mode hits; for random-max-percent the most it may hit."""
    match choice.mode:
        case "one":
            return min(1, count)
        case "all":
            return count
        case "fixed":
            return min(choice.value, count)
        case "fixed-percent":
            return math.ceil(count * choice.value / 100)
        case "random-max-percent":
            return math.floor(count * choice.value / 100)


def chosen(choice: VictimChoice, pods: Sequence[S], dice: random.Random) -> list[S]:
    """The pods that are hit, drawn now."""
    number = most(choice, len(pods))
    if choice.mode == "random-max-percent":
        number = math.floor(len(pods) * dice.randint(0, choice.value) / 100)
    return dice.sample(list(pods), number)
