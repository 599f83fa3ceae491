"""What is on the links that the stack has not put there: by another program of this user, since
nobody else reaches toxiproxy's socket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_SAME = 1e-3
"""toxiproxy keeps a share as a short float."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """One link that is not as it should be."""

    link: str
    wrongs: tuple[str, ...]
    """What is wrong, in words."""
    toxics: tuple[str, ...] = ()
    """Names of toxics that nobody leased, or that are not as they were leased."""
    proxy: bool = False
    """Whether the proxy itself is unknown, or not as it should be."""

    @property
    def id(self) -> str:
        """A name that any path can hold, whatever the link is called."""
        return f"elsewhere-{hashlib.sha256(self.link.encode()).hexdigest()[:8]}"


def strangers(
    found: Mapping[str, Any],
    proxies: Iterable[Mapping[str, Any]],
    toxics: Mapping[tuple[str, str], Mapping[str, Any]],
) -> list[Stranger]:
    """Compares what toxiproxy has with what it should have.

    `proxies`: as they are made; `toxics`: link and name -> as its API takes them.
    """
    wanted = {str(proxy["name"]): proxy for proxy in proxies}
    seen = [_stranger(name, proxy, wanted.get(name), toxics) for name, proxy in found.items()]
    return sorted((one for one in seen if one.wrongs), key=lambda one: one.link)


def _stranger(
    name: str,
    proxy: Mapping[str, Any],
    wanted: Mapping[str, Any] | None,
    toxics: Mapping[tuple[str, str], Mapping[str, Any]],
) -> Stranger:
    if wanted is None:
        text = f"a proxy from {proxy['listen']} to {proxy['upstream']} that is not the stack's"
        return Stranger(name, (text,), proxy=True)
    other = [key for key in ("listen", "upstream", "enabled") if proxy[key] != wanted[key]]
    wrongs = [f"its {key} is {proxy[key]}" for key in other]
    odd = [
        toxic
        for toxic in proxy.get("toxics", ())
        if not _same(toxic, toxics.get((name, toxic["name"])))
    ]
    wrongs += [f"a toxic {toxic['name']} ({toxic['type']}, {toxic['stream']})" for toxic in odd]
    return Stranger(name, tuple(wrongs), tuple(toxic["name"] for toxic in odd), bool(other))


def _same(toxic: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    if wanted is None:
        return False
    given = toxic["attributes"]
    return (
        (toxic["type"], toxic["stream"]) == (wanted["type"], wanted["stream"])
        and abs(toxic["toxicity"] - wanted["toxicity"]) < _SAME
        and all(given.get(name) == value for name, value in wanted["attributes"].items())
    )
