"""What importing a module costs a process: `python -m bench.imports MODULE...`.

Each module is imported by new processes in turns. Printed are the medians of the CPU that the
import took and of the process's memory after it; the row `pass` is Python alone. It decides whether
a library may stand in a path that an operator waits for. Nothing is asserted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from bench.running_stack import print_machine

_TIMES = 5
_MEASURE = """
import resource, time
begun = time.process_time()
{}
spent = time.process_time() - begun
pages = int(open("/proc/self/statm").read().split()[1])
print(spent * 1e3, pages * resource.getpagesize() / (1 << 20))
"""


def cost(statement: str) -> tuple[float, float]:
    """(ms of CPU, MiB of memory at most) of a process that does it. Raises CalledProcessError."""
    argv = [sys.executable, "-c", _MEASURE.format(statement)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    spent, memory = done.stdout.split()
    return float(spent), float(memory)


def main() -> int:
    """Prints the table; the exit code."""
    print_machine()
    statements = {"pass": "pass"} | {name: f"import {name}" for name in sys.argv[1:]}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in statements}
    for _ in range(_TIMES):
        for name, statement in statements.items():
            found[name].append(cost(statement))
    print("\n| imported | CPU ms | MiB |\n|---|---:|---:|")
    for name, rows in found.items():
        spent, memory = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"| `{name}` | {spent:.0f} | {memory:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
