"""The worker's part of a request: judged by the module, sent to Kafka, answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from scenarios.bodies import SLICE
from scenarios.events import FieldError
from services.producer_wasm.frames import Answer, Request
from services.producer_wasm.judging import Judge, Outcome
from services.producer_wasm.sandbox import ModuleError
from services.queues.port import Unavailable
from services.shared import logline
from services.shared.ids import keepable
from services.shared.intake import Intake, Judged
from services.shared.turn import BREATH
from wire import problems


class Taking:
    """Takes requests together. One that the module fails at costs nobody else anything."""

    def __init__(self, judge: Judge, intake: Intake) -> None:
        self._judge = judge
        self._intake = intake
        self._turn = asyncio.Lock()

    async def take(self, requests: Sequence[Request]) -> list[Answer]:
        """One answer for each request, when Kafka has what was accepted and what was refused."""
        try:
            judged = await self._judged(requests)
        except Exception as error:
            logline.error("requests failed", trace=error)
            return [_problem(problems.FAILED)] * len(requests)
        taken = [each for each in judged if isinstance(each, Judged)]
        failure = await self._delivered(taken)
        return [each if isinstance(each, Answer) else failure or _answer(each) for each in judged]

    async def _delivered(self, taken: Sequence[Judged]) -> Answer | None:
        """None when Kafka has them, else why it has not."""
        try:
            await self._intake.deliver(taken)
        except Unavailable as error:
            return _problem(error.problem, str(error), error.retry_after)
        except Exception as error:
            logline.error("requests failed", trace=error)
            return _problem(problems.FAILED)
        return None

    async def _judged(self, requests: Sequence[Request]) -> list[Judged | Answer]:
        several = len(requests) > 1 and all(map(_well_named, requests))
        if several and (together := self._together(requests)) is not None:
            return together
        judged: list[Judged | Answer] = []
        for request in requests:
            judged.append(await self._alone(request))
            if several:
                # a module that fails takes its time at each of them
                await asyncio.sleep(0)
        return judged

    def _together(self, requests: Sequence[Request]) -> list[Judged | Answer] | None:
        """All of them by one call of the module; None where it fails or they are too many."""
        records = [record for request in requests for record in _readable(request)]
        if len(records) > BREATH:
            return None
        try:
            outcomes = iter(self._judge.outcomes(records)) if records else iter(())
        except ModuleError:
            return None
        judged: list[Judged | Answer] = []
        for request in requests:
            one = Judged()
            self._add(one, request, 0, len(request.records), outcomes)
            judged.append(one)
        return judged

    async def _alone(self, request: Request) -> Judged | Answer:
        if not _well_named(request):
            return _problem(problems.BAD_ID)
        judged = Judged()
        try:
            if len(request.records) <= BREATH:
                self._judge_part(judged, request, 0, len(request.records))
                return judged
            # others go between the pieces of a long one
            async with self._turn:
                for start, end in _pieces(request.records):
                    self._judge_part(judged, request, start, end)
                    await asyncio.sleep(0)
            return judged
        except ModuleError as error:
            logline.warning("the module failed", reason=error.reason, error=str(error))
            return _problem(problems.MODULE_FAILED, f"the module {error}")

    def _judge_part(self, judged: Judged, request: Request, start: int, end: int) -> None:
        records = _readable(request, start, end)
        outcomes = iter(self._judge.outcomes(records)) if records else iter(())
        self._add(judged, request, start, end, outcomes)

    def _add(
        self, judged: Judged, request: Request, start: int, end: int, outcomes: Iterator[Outcome]
    ) -> None:
        """Records `start` to `end` of a request, with the outcomes of those that can be read."""
        records, refused = request.records[start:end], request.refused
        whole: Iterable[Outcome] = islice(outcomes, end - start)
        if refused:
            whole = [
                [FieldError("", refused[place])] if place in refused else next(outcomes)
                for place in range(start, end)
            ]
        self._intake.judge(judged, records, whole, request.ids)


def _well_named(request: Request) -> bool:
    """Whether its ids can be kept, which a front has seen to."""
    ids = request.ids
    return not ids or (len(ids) == len(request.records) and all(map(keepable, ids)))


def _readable(request: Request, start: int = 0, end: int | None = None) -> list[bytes]:
    if not request.refused:
        return request.records[start:end]
    places = range(len(request.records))[start:end]
    return [request.records[place] for place in places if place not in request.refused]


def _pieces(records: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Where pieces begin and end that the module handles in a breath."""
    start = size = 0
    for at, record in enumerate(records):
        if at > start and (at - start >= BREATH or size + len(record) > SLICE):
            yield start, at
            start, size = at, 0
        size += len(record)
    yield start, len(records)


def _answer(judged: Judged) -> Answer:
    if not judged.bad:
        return Answer(len(judged.good), last_id=judged.last_id)
    receipt = judged.receipt
    errors = [(error.index, error.field, error.message) for error in receipt.errors]
    return Answer(receipt.accepted, receipt.rejected, errors, receipt.last_id)


def _problem(problem: problems.Problem, message: str = "", retry_after: int = 0) -> Answer:
    return Answer(code=problem.code, message=message or problem.sentence, retry_after=retry_after)
