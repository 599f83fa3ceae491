"""From what a person asked to what can be started: the address, the records, an answer."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from controlroom.runs.errors import NoAnswerError, SpecError
from controlroom.runs.records import codec_of, read_records
from controlroom.runs.spec import LoadSpec, check_load
from controlroom.targets.abilities import HasEndpoints, SendsLoad, TargetError, TargetInfo
from controlroom.targets.choosing import scenario_of
from scenarios.loading import is_path, whole

CONNECT_TIME = 3.0
MOST_RECORDS = 900 << 10
"""Bytes of records that Jobs are given; an object of Kubernetes holds 1 MiB."""


class LoadTarget(HasEndpoints, SendsLoad, Protocol):
    """What is asked of a target before a load."""

    async def info(self) -> TargetInfo:
        """Which scenario it runs."""
        ...


async def ready_load(spec: LoadSpec, fallback: str, target: LoadTarget) -> LoadSpec:
    """The load, complete and checked as far as it can be before anything is sent.

    Without a scenario of its own it sends what the target runs; `fallback` is used with an
    address of its own while no target answers. Raises SpecError for flags, files and records,
    NoAnswerError where nothing listens, Unreachable when the target's ingress is wanted.
    """
    check_load(replace(spec, url=spec.url or "http://127.0.0.1"))
    scenario = spec.scenario or await _scenario(spec, fallback, target)
    file = spec.file
    codec = codec_of(scenario)
    if spec.path == "wasm" and codec.scenario.wasm is None:
        raise SpecError(
            f"The scenario {codec.scenario.name} has no paths for the WASM producer.",
            "Give --path http or --path grpc.",
        )
    if file is not None:
        path = Path(file).expanduser().absolute()
        await asyncio.to_thread(read_records, path, codec)
        file = str(path)
    complete = replace(spec, scenario=whole(scenario), file=file)
    if spec.in_cluster:
        await asyncio.to_thread(_must_fit, complete)
        return check_load(replace(complete, url=spec.url or await target.inner_ingress()))
    url = spec.url or (await target.endpoints()).address("ingress")
    complete = check_load(replace(complete, url=url))
    await _must_answer(complete.address)
    return complete


def _must_fit(spec: LoadSpec) -> None:
    """What the Jobs are given lies in a ConfigMap, and their image has its own scenarios."""
    if is_path(spec.scenario):
        raise SpecError(
            f"The scenario {spec.scenario} is of this machine, and the Jobs do not have it.",
            "Leave --in-cluster out, or use one that comes with the project.",
        )
    if spec.file is not None and Path(spec.file).stat().st_size > MOST_RECORDS:
        raise SpecError(
            f"-f {spec.file} is larger than the {MOST_RECORDS >> 10} KiB that a ConfigMap takes.",
            "Leave --in-cluster out, or give a shorter file with --repeat.",
        )


async def _scenario(spec: LoadSpec, fallback: str, target: LoadTarget) -> str:
    try:
        info = await target.info()
    except TargetError:
        if spec.url:
            return fallback
        raise
    return scenario_of(info, fallback) or fallback


async def _must_answer(address: str) -> None:
    parts = urlsplit(address)
    try:
        async with asyncio.timeout(CONNECT_TIME):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    except (OSError, TimeoutError):
        raise NoAnswerError(
            f"Nothing answers at {parts.scheme}://{parts.netloc}.",
            "Bring the stack up with `controlroom up`, or give another --url.",
        ) from None
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
