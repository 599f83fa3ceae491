"""The highest members of tallies, asked so that no answer grows with the number of members."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from scenarios.tallies.kind import TallyKind
from scenarios.tallies.registry import tally_kinds
from wire import keys

if TYPE_CHECKING:
    from redis.asyncio import Redis

MOST = 500
"""Members that can be asked for at once: what `tallies.lua` keeps at least."""
MOST_MEMBERS = 1_000_000
"""Members that one tally may have by default; `TALLY_MEMBERS_MAX` sets it for the consumers."""
_PIECE = 1_000


def writing(package: str, name: str, kinds: Mapping[str, TallyKind] | None = None) -> str:
    """A script that writes tallies: it has `KINDS`, from the name of a kind of tally to a function
    of key, member, amount and most members, which answers as Redis does. `kinds`: those of the
    scenario, else all that no scenario brings along. Raises ScenarioError."""
    functions = (
        f"[{kind.name!r}] = function(key, member, amount, most)\n{kind.lua}\nend,\n"
        for kind in (kinds or tally_kinds()).values()
    )
    return _script(package, name, f"local KINDS = {{\n{''.join(functions)}}}\n")


def _script(package: str, name: str, between: str = "") -> str:
    """What all scripts of tallies have in common, and the script."""
    common = files("wire").joinpath("tallies.lua").read_text()
    return common + between + files(package).joinpath(name).read_text()


@cache
def _look() -> tuple[str, str]:
    text = _script("wire", "look.lua")
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Ask(NamedTuple):
    """A question: the highest members of a hash, the first ones of a set, or the last ones of a
    sorted set that holds a few."""

    kind: Literal["hash", "set", "newest"]
    key: str
    """As Redis has it."""
    most: int
    """How many members are wanted, at most MOST."""
    second: str = ""
    """A hash with the same members, whose counts are wanted too."""


@dataclass(frozen=True, slots=True)
class Row:
    """One member of a hash."""

    member: str
    count: int
    second: int | None = None
    """What the second hash has of it."""


@dataclass(frozen=True, slots=True)
class Top:
    """The answer to one question."""

    rows: tuple[Row, ...]
    """Highest counts first; of a set by name, of the newest the last first, with counts of 0."""
    members: int
    """How many there are, shown or not."""
    others: int
    """Counts of what had no place among the members; of a set 1 where there is such."""
    total: int
    """The sum of all counts, with `others`."""

    @property
    def names(self) -> list[str]:
        """The members of `rows`."""
        return [row.member for row in self.rows]


class Looked(NamedTuple):
    """Answers of one moment."""

    counted: int
    """Events, as the books have them."""
    at: int | None
    """When something was counted last, ms since the epoch."""
    tops: list[Top]


async def look(redis: Redis, scenario: str, asked: Sequence[Ask]) -> Looked:
    """Answers all questions at once.

    Raises RedisError; so it does for an account that may only read while a list is missing.
    """
    from redis.exceptions import NoPermissionError, NoScriptError, RedisError

    numbers = {keys.books_key(scenario): 1}
    arguments: list[str | int] = []
    for each in asked:
        first = numbers.setdefault(each.key, len(numbers) + 1)
        second = numbers.setdefault(each.second, len(numbers) + 1) if each.second else 0
        arguments += (each.kind, first, second, each.most)
    given = (len(numbers), *numbers, *arguments)
    text, sha = _look()
    client = cast(Any, redis)
    try:
        answer = await client.evalsha_ro(sha, *given)
    except NoScriptError:
        answer = await client.eval_ro(text, *given)
    if any(map(_is_unlisted, answer[2:])):
        # a tally from before its list was kept; whoever may write makes the list by looking
        try:
            answer = await client.eval(text, *given)
        except NoPermissionError as error:
            raise RedisError(_unlisted(asked, answer[2:])) from error
    counted, at, *tops = answer
    found = [_top(each, top) for each, top in zip(asked, tops, strict=True)]
    return Looked(int(counted or 0), None if at is None else int(at), found)


def _is_unlisted(top: Sequence[Any]) -> bool:
    return None in top[:3] or bool(top[0] and not top[3:])


def _unlisted(asked: Sequence[Ask], tops: Sequence[Sequence[Any]]) -> str:
    names = [each.key for each, top in zip(asked, tops, strict=True) if _is_unlisted(top)]
    return (
        f"the highest members of {', '.join(names)} are not listed yet; the next event that is "
        "counted does it, or `controlroom tallies` with a login that may write"
    )


def _top(asked: Ask, answer: Sequence[Any]) -> Top:
    members, others, total, *rest = answer
    if asked.kind == "newest":
        rows = [Row(name, 0) for name in rest]
    elif asked.kind == "set":
        rows = [Row(name, 0) for name in sorted(rest)]
    else:
        rows = [
            Row(name, int(count), None if second is None else int(second))
            for name, count, second in zip(rest[::3], rest[1::3], rest[2::3], strict=True)
        ]
        rows.sort(key=lambda row: (-row.count, row.member))
    return Top(tuple(rows[: asked.most]), int(members), int(others), int(total))


async def names(redis: Redis, key: str) -> AsyncIterator[list[str]]:
    """All members of a set, some at a time and in no order. Raises RedisError."""
    cursor = 0
    while True:
        cursor, found = await cast(Any, redis).sscan(key, cursor, count=_PIECE)
        yield [name for name in found if name != keys.OTHERS]
        if not cursor:
            return


async def pieces(redis: Redis, key: str, second: str = "") -> AsyncIterator[list[Row]]:
    """All members of a hash, some at a time and in no order; `second` as in `Ask`.

    What is there all the time comes once at least. Raises RedisError.
    """
    cursor = 0
    while True:
        cursor, found = await cast(Any, redis).hscan(key, cursor, count=_PIECE)
        members = [name for name in found if name != keys.OTHERS]
        sums: list[str | None] = [None] * len(members)
        if second and members:
            sums = list(await cast(Any, redis).hmget(second, members))
        yield [
            Row(name, int(found[name]), None if more is None else int(more))
            for name, more in zip(members, sums, strict=True)
        ]
        if not cursor:
            return
