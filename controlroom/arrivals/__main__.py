"""`python -m controlroom.arrivals PLAN.json RESULT_FOLDER`: one open load.

SIGTERM or SIGINT ends the arrivals and waits for the answers that are due, a second one does not
wait. Exit code 0 when the load was sent or stopped, 2 when it could not be.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from controlroom.arrivals.loop import OpenLoad, be_precise
from controlroom.arrivals.plan import PlanError, read_plan
from controlroom.arrivals.recorder import failed_result
from controlroom.arrivals.results import RESULT, ResultFolder


def main(arguments: list[str]) -> int:
    """Sends the load of that plan."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    target = Path(arguments[1])
    if (target / RESULT).exists():
        print(f"{target} holds a result already. Name an empty folder.", file=sys.stderr)
        return 2
    folder = ResultFolder(target)
    try:
        load = OpenLoad(read_plan(Path(arguments[0])), folder)
        signal.signal(signal.SIGTERM, load.stop)
        signal.signal(signal.SIGINT, load.stop)
        be_precise()
        load.run()
    except PlanError as error:
        words = f"{error.message} {error.fix}".strip()
        folder.later(lambda: folder.result(failed_result(words)))
        print(words, file=sys.stderr)
        return 2
    finally:
        folder.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
