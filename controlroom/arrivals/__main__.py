"""`python -m controlroom.arrivals PLAN.json RESULT_FOLDER`: one open load.

SIGTERM or SIGINT ends the arrivals and waits for the answers that are due, a second one does not
wait. Exit code 0 when the load was sent or stopped, 1 when a file of it could not be written, 2
when it could not be sent.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

from controlroom.arrivals.loop import OpenLoad, be_precise
from controlroom.arrivals.plan import PlanError, read_plan
from controlroom.arrivals.recorder import failed_result
from controlroom.arrivals.results import RESULT, ResultFolder
from host.errors import StackError


def main(arguments: list[str], ready: Callable[[OpenLoad], None] = lambda load: None) -> int:
    """Sends the load of that plan; `ready` is called before its first arrival."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    target = Path(arguments[1])
    if (target / RESULT).exists():
        print(f"{target} holds a result already. Name an empty folder.", file=sys.stderr)
        return 2
    try:
        folder = ResultFolder(target)
    except StackError as error:
        print(f"{error} {error.fix}".strip(), file=sys.stderr)
        return 2
    try:
        load = OpenLoad(read_plan(Path(arguments[0])), folder)
        ready(load)
        load.run()
    except PlanError as error:
        words = f"{error.message} {error.fix}".strip()
        folder.later(lambda: folder.result(failed_result(words)))
        print(words, file=sys.stderr)
        return 2
    finally:
        folder.close()
    if folder.error:
        print(folder.error, file=sys.stderr)
    return 1 if folder.error else 0


def alone(load: OpenLoad) -> None:
    """The process belongs to this load."""
    signal.signal(signal.SIGTERM, load.stop)
    signal.signal(signal.SIGINT, load.stop)
    be_precise()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], alone))
