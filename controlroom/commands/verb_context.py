"""What a verb that only reads needs: the target, its endpoints, the scenario that it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.here import Here
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.errors import explain, foreseen
from controlroom.settings import Settings
from controlroom.targets.abilities import Located, TargetError
from scenarios.scenario import Scenario

S = TypeVar("S", bound=Any)


@dataclass(frozen=True, slots=True)
class VerbContext:
    """What a verb reads from."""

    target: Located
    endpoints: LiveEndpoints
    scenario: Scenario


@asynccontextmanager
async def verb_context(settings: Settings, whole: bool = False) -> AsyncIterator[VerbContext]:
    """The running target with its scenario, or with the one that was asked for.

    With `whole` two contexts may be named, as the two sides of one pipeline.
    Raises ScenarioError before anything is asked, Unreachable where nothing answers.
    """
    async with Here(settings, whole) as here:
        scenario = await here.scenario()
        yield VerbContext(here.located, LiveEndpoints(here.located), scenario)


@asynccontextmanager
async def opened(source: S) -> AsyncIterator[S]:
    """An open source. Raises CommandError where it does not answer."""
    with answering(source.name):
        try:
            await source.open()
            yield source
        finally:
            await source.close()


@contextmanager
def answering(source: str) -> Iterator[None]:
    """Turns what a client library says into a CommandError with a sentence and a fix."""
    try:
        yield
    except Exception as error:
        if isinstance(error, CommandError | TargetError) or not foreseen(error):
            raise
        trouble = explain(source, error)
        code = Exit.REFUSED if trouble.denied else Exit.UNREACHABLE
        raise CommandError(trouble.error + ".", trouble.fix, code) from error
