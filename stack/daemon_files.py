"""The files by which a stack's daemon is found: lock, pid file with start time, last error."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from host.errors import Kind, StackError
from host.liveness import Proof, proof_of
from host.paths import explained, private_dir, stack_socket, write_private

_KINDS: Mapping[str, Kind] = {
    "refused": "refused",
    "not_found": "not_found",
    "unreachable": "unreachable",
}


@dataclass(frozen=True, slots=True)
class DaemonFiles:
    """The files of the daemon in one state folder."""

    state: Path

    @property
    def socket(self) -> Path:
        """Where the daemon answers."""
        return stack_socket(self.state)

    @property
    def log(self) -> Path:
        """What the daemon itself says."""
        return self.state / "logs" / "stackd.log"

    @property
    def _pid(self) -> Path:
        return self.state / "stack.pid"

    @property
    def _error(self) -> Path:
        return self.state / "stack.error"

    def lock(self) -> int:
        """Takes the lock for the life of this process; answers its file descriptor.

        Raises StackError when another daemon holds it.
        """
        private_dir(self.state)
        path = self.state / "stack.lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise explained(error, path) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StackError(
                f"A stack already runs in {self.state}.",
                "Use it, or end it with `controlroom down`.",
                "refused",
            ) from error
        self.socket.unlink(missing_ok=True)
        self._error.unlink(missing_ok=True)
        proof = proof_of()
        assert proof is not None
        write_private(self._pid, json.dumps(asdict(proof)), lasting=False)
        return lock

    def clear(self) -> None:
        """Removes the socket and the pid file, which tell of a living daemon."""
        self.socket.unlink(missing_ok=True)
        self._pid.unlink(missing_ok=True)

    def daemon(self) -> psutil.Process | None:
        """The living daemon. Its start time is compared: a later process may have its id."""
        data = _read(self._pid)
        try:
            proof = Proof(int(data["pid"]), float(data["started"]))
            return psutil.Process(proof.pid) if proof.alive else None
        except (KeyError, TypeError, ValueError, psutil.Error):
            return None

    def keep_error(self, error: StackError) -> None:
        """Leaves the reason of a failed start for whoever asked for it."""
        body = {"error": error.message, "fix": error.fix, "kind": error.kind}
        write_private(self._error, json.dumps(body))

    def error(self) -> StackError | None:
        """The reason of the last failed start."""
        data = _read(self._error)
        if "error" not in data:
            return None
        kind = _KINDS.get(str(data.get("kind")), "failed")
        return StackError(str(data["error"]), str(data.get("fix", "")), kind)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
