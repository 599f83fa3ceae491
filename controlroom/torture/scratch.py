"""A scenario for a scratch stack, by one queue."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scenarios.loading import file_of, load

QUEUES = ("kafka", "streams", "direct", "pubsub")
"""Those whose promise is judged."""
_QUEUE = re.compile(r"^queues?[ \t]*=[ \t]*(\[[^\]]*\]|.*)$", re.MULTILINE)
_NAME = re.compile(r"^name[ \t]*=.*$", re.MULTILINE)


@contextmanager
def by_queue(reference: str, queue: str) -> Iterator[str]:
    """The same scenario by that queue, under a name of its own; the same reference where none is
    named. What a scenario has beside its file, services of its own, is left out."""
    scenario = load(reference)
    if not queue or scenario.queues == (queue,):
        yield reference
        return
    name = f"{scenario.name}-{queue}"
    text = _QUEUE.sub("", file_of(reference).read_text(encoding="utf-8"))
    text = _NAME.sub(f'name = "{name}"\nqueue = "{queue}"', text, count=1)
    with tempfile.TemporaryDirectory(prefix="controlroom-torture-") as folder:
        file = Path(folder) / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        yield str(file)
