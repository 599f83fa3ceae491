"""Export: what is shown, written to a file of its own as CSV, JSON, text or a picture."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Button, Input

from controlroom.screens.dialog import Dialog


class ExportDialog(Dialog[Path]):
    """Answers the file to write, whose ending says in which form."""

    heading = "export"

    def __init__(self, proposed: Path, forms: Sequence[str]) -> None:
        """`forms`: the endings that can be written here, such as `csv`."""
        super().__init__()
        self._proposed = proposed
        self._forms = forms

    def body(self) -> ComposeResult:
        field = Input(str(self._proposed), id="file", compact=True)
        ends = ", ".join(f".{form}" for form in self._forms)
        yield from self.field("file", field, hint=f"ends in {ends}")

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Write", id="agree", compact=True)

    def on_mount(self) -> None:
        """The name has the focus."""
        self.focus_first("#file")

    def agree(self) -> None:
        words = self.query_one(Input).value.strip()
        path = Path(words).expanduser()
        if path.suffix.removeprefix(".") not in self._forms:
            self.problem(f"file: it ends in {' or '.join(f'.{one}' for one in self._forms)}")
        elif path.exists():
            self.problem("file: it is there already; give another name")
        elif not path.parent.is_dir():
            self.problem(f"file: there is no folder {path.parent}")
        else:
            self.dismiss(path)


def proposed(what: str, form: str) -> Path:
    """A name in the folder in which the room was started, or at home where that cannot be
    written."""
    here = Path.cwd()
    folder = here if os.access(here, os.W_OK) else Path.home()
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", what).strip("-.") or "room"
    return folder / f"{safe}-{time.strftime('%Y%m%d-%H%M%S')}.{form}"
