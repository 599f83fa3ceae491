"""A module as the judge of requests: what it says is checked, and what it fails at is counted."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from scenarios.events import FieldError
from scenarios.scenario import Scenario
from services.producer_wasm.description import checker
from services.producer_wasm.sandbox import ModuleError, Sandbox
from services.shared.intake import MAX_ERRORS

Outcome = bytes | list[FieldError]
"""The value of an event's record, or what is wrong with the request."""
REASONS = ("trap", "fuel", "calls", "nonsense")
_HANDED = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class _Error(msgspec.Struct, gc=False):
    field: str
    message: str


_errors = msgspec.json.Decoder(list[_Error]).decode


class Judge:
    """Hands records to a module, all that are given at once."""

    def __init__(
        self, sandbox: Sandbox, scenario: Scenario, registry: CollectorRegistry = REGISTRY
    ) -> None:
        self._sandbox = sandbox
        self._check = checker(scenario)
        self._fields = {"", *(field.name for field in scenario.fields)}
        self._failures = Counter(
            "controlroom_module_failures",
            "Calls of the module that failed, by reason.",
            ("reason",),
            registry=registry,
        )
        for reason in REASONS:
            self._failures.labels(reason)
        self._handed = Histogram(
            "controlroom_module_records",
            "Records that the module was handed in one call.",
            buckets=_HANDED,
            registry=registry,
        )

    def outcomes(self, records: Sequence[bytes]) -> list[Outcome]:
        """One outcome for each record. Raises ModuleError; then none of them was judged."""
        self._handed.observe(len(records))
        try:
            return [
                self._record(text) if good else self._refusal(text)
                for good, text in self._sandbox.handle(records)
            ]
        except ModuleError as error:
            self._failures.labels(error.reason).inc()
            raise

    def _record(self, text: bytes) -> bytes:
        try:
            self._check(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ModuleError("nonsense", f"makes no record of the scenario: {error}") from error
        return text

    def _refusal(self, text: bytes) -> list[FieldError]:
        try:
            errors = _errors(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ModuleError("nonsense", f"refuses without errors: {error}") from error
        if not errors or not all(error.field in self._fields for error in errors):
            raise ModuleError("nonsense", "refuses without an error of a field")
        return [FieldError(error.field, error.message[:400]) for error in errors[:MAX_ERRORS]]
