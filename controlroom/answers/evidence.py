"""What one experiment left behind, as it is read from the folder of its run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]
FILES = (
    "spec.json", "plan.json", "blocks.jsonl", "result.json", "samples.jsonl", "hops.jsonl",
)  # fmt: skip
"""Of a run's folder: all that an answer is made of."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One run of an experiment. What its files do not have is empty."""

    run: str
    name: str
    plan: Line
    """The experiment's file, as it was."""
    machine: Line
    versions: Line
    blocks: Sequence[Line] = ()
    """The whole ones."""
    result: Line = field(default_factory=dict)
    samples: Sequence[Line] = ()
    hops: Sequence[Line] = ()
    splits: Line = field(default_factory=dict)
    """Name -> the manifest of a split."""
    digest: str = ""

    @property
    def arms(self) -> list[str]:
        """Their names, as the file has them."""
        return [one["name"] for one in self.plan["arms"]]

    @property
    def load(self) -> Line:
        """What was offered."""
        found: Line = self.plan["load"]
        return found

    @property
    def phase(self) -> str:
        """The phase in which arms differ."""
        return str(self.result.get("compared_over", "baseline"))

    def of(self, arm: str) -> list[Line]:
        """The blocks of an arm."""
        return [one for one in self.blocks if one["arm"] == arm]

    def values(self, arm: str, measure: str, phase: str = "") -> list[float]:
        """A figure of each block of an arm, where it is known."""
        phases = [one["phases"].get(phase or self.phase, {}) for one in self.of(arm)]
        return [one[measure] for one in phases if one.get(measure) is not None]

    def comparisons(self, measure: str) -> list[Line]:
        """The verdicts about one measure."""
        return [one for one in self.result.get("comparisons", ()) if one["measure"] == measure]


def read_evidence(folder: Path) -> Evidence | None:
    """What a run's folder holds; None where it is no experiment, or none of its blocks is over."""
    plan, result = _json(folder / "plan.json"), _json(folder / "result.json")
    blocks = [one for one in _lines(folder / "blocks.jsonl") if one.get("whole")]
    if not plan.get("plan") or not blocks:
        return None
    splits = _json(folder / "spec.json").get("splits") or {}
    return Evidence(
        folder.name, plan["experiment"], plan["plan"], plan.get("machine", {}),
        plan.get("versions", {}), blocks, result, _lines(folder / "samples.jsonl"),
        _lines(folder / "hops.jsonl"),
        {name: one["manifest"] for name, one in splits.items()}, digest(folder),
    )  # fmt: skip


def digest(folder: Path) -> str:
    """SHA-256 of the files that answers are made of, with their names."""
    found = hashlib.sha256()
    for name in FILES:
        if (folder / name).is_file():
            content = (folder / name).read_bytes()
            found.update(f"{name} {len(content)}\n".encode() + content)
    return found.hexdigest()


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _lines(path: Path) -> list[dict[str, Any]]:
    """All whole lines; the last one may be cut by a kill."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [one for one in found if isinstance(one, dict)]
