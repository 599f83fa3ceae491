"""A run in a form that leaves this machine: its folder packed, or its story as JSON or CSV."""

from __future__ import annotations

import csv
import io
import os
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from controlroom.ledger.record import Record
from controlroom.ledger.seconds import Second
from controlroom.ledger.story import Story


def packed(folders: Sequence[Path], target: Path) -> None:
    """Writes the folders as one .tar.gz, for its owner only. Raises FileExistsError, OSError.

    A run may go on meanwhile: of a file that grows the part is taken that is there.
    """
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as archive:
        for folder in folders:
            for path in sorted(one for one in folder.rglob("*") if one.is_file()):
                with suppress(FileNotFoundError), path.open("rb") as file:
                    name = f"{folder.name}/{path.relative_to(folder)}"
                    archive.addfile(archive.gettarinfo(arcname=name, fileobj=file), file)


def write_text(target: Path, text: str) -> None:
    """A new file, for its owner only. Raises FileExistsError, OSError."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)


def told(story: Story) -> dict[str, Any]:
    """Everything that is known of a run, for a program."""
    record = story.record
    return {
        **asdict(record.view),
        "command": record.command,
        "result": dict(record.result),
        "asked": dict(record.asked),
        "about": dict(record.about or {}),
        "plan": dict(record.plan),
        "measured": story.figures,
        "faults_met": [asdict(one) for one in story.hits],
        "blocks": list(record.blocks),
        "journal": list(record.journal),
        "notes": list(record.notes),
        "baselines": story.names,
        "owner": record.owner,
        "missing": record.missing,
        "path": str(record.path),
    }


def seconds_as_csv(record: Record) -> str:
    """Its seconds, a line each; empty cells are not known."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [one.name for one in fields(Second)]
    writer.writerow(names)
    for second in record.seconds:
        values = (getattr(second, name) for name in names)
        writer.writerow(["" if value is None else value for value in values])
    return out.getvalue()
