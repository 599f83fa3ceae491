"""One question to Prometheus, and what may be taken for an answer.

Something else may listen at its address: a page to sign in at, a proxy, another program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from controlroom.targets.abilities import TargetError

if TYPE_CHECKING:
    import httpx

Series = Mapping[str, Any]
"""`metric`, its labels, and `value`, a time and a figure as text."""


class Unreadable(TargetError):
    """Somebody answered, and not as Prometheus does."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Prometheus answered what cannot be read: {why}",
            "look what its address leads to; it is asked again by itself",
        )


async def series(
    client: httpx.AsyncClient, query: str, *labels: str, **more: str
) -> Sequence[Series]:
    """The series of an instant query, each with these labels; `more` goes with the question.

    Raises Unreadable, and httpx.HTTPError where nobody answers.
    """
    answer = await client.post("/api/v1/query", data={"query": query, **more})
    try:
        told = answer.json()
    except ValueError as error:
        raise Unreadable(f"{answer.status_code}, and no JSON") from error
    if answer.is_error:
        said = told.get("error") if isinstance(told, Mapping) else ""
        raise Unreadable(" ".join(f"{answer.status_code} {said or ''}".split())[:160])
    data = told.get("data") if isinstance(told, Mapping) else None
    found = data.get("result") if isinstance(data, Mapping) else None
    if not isinstance(found, list):
        raise Unreadable("JSON without a result")
    if not all(_whole(one, labels) for one in found):
        raise Unreadable("series without labels or figures")
    return found


def _whole(one: object, labels: Sequence[str]) -> bool:
    metric = one.get("metric") if isinstance(one, Mapping) else None
    if not isinstance(one, Mapping) or not isinstance(metric, Mapping):
        return False
    if not all(isinstance(metric.get(label), str) for label in labels):
        return False
    try:
        _, figure = one["value"]
        float(figure)
    except (KeyError, TypeError, ValueError):
        return False
    return True
