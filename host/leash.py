"""Runs a command that dies with its parent. Started as a file: `leash.py PARENT COMMAND...`.

The kernel sends SIGKILL when the thread that started this process ends, so the parent starts
children from its main thread. The parent's id is compared after the signal is asked for, because a
parent that died before it would leave no signal behind.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
EXEC_FAILED = 127


def command(*argv: str) -> tuple[str, ...]:
    """The command that runs another one which shall die with this process."""
    return (sys.executable, "-I", "-S", os.path.abspath(__file__), str(os.getpid()), *argv)


def main(arguments: list[str]) -> int:
    """Becomes the command; answers only when that fails."""
    parent, command = int(arguments[0]), arguments[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        print(f"prctl: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
        return EXEC_FAILED
    if os.getppid() != parent:
        return EXEC_FAILED
    # Python ignores these two, and what is ignored stays ignored in the command.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]} cannot be run: {error.strerror}", file=sys.stderr)
    return EXEC_FAILED


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
