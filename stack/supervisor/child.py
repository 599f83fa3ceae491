"""One living process and its group."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time

from host import leash
from stack.spec import ProcessSpec
from stack.supervisor.output import Output

_OUTPUT_PATIENCE = 1.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Child:
    """A process in a session of its own; its whole group ends with it, and with this process."""

    def __init__(
        self,
        spec: ProcessSpec,
        process: asyncio.subprocess.Process,
        output: Output,
        reading: int,
    ) -> None:
        self.spec = spec
        self.pid = process.pid
        self.started = time.time()
        self._process = process
        self._born = time.monotonic()
        self._exit = asyncio.ensure_future(self._wait(output, reading))

    @classmethod
    async def start(cls, spec: ProcessSpec, output: Output) -> Child:
        """Starts it. Call from the main thread: the leash is tied to the thread that starts.

        The pipe for its output is our own, because asyncio's would keep `wait` from returning
        for as long as a grandchild holds the other end.
        """
        reading, writing = os.pipe()
        stdin = _stdin(spec.stdin)
        try:
            process = await asyncio.create_subprocess_exec(
                *leash.command(*spec.argv),
                cwd=spec.cwd,
                env=spec.env,
                stdin=stdin,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
            if stdin >= 0:
                os.close(stdin)
        return cls(spec, process, output, reading)

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return not self._exit.done()

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self._born

    def cpu_seconds(self) -> float:
        """Seconds of CPU that the process has used; 0 once it has ended."""
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as file:
                # the name in brackets may hold anything; see proc(5) for the fields behind it
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / _TICKS

    async def wait(self) -> int:
        """Its exit status when it has ended; minus the signal where one killed it."""
        return await asyncio.shield(self._exit)

    def signal(self, number: int) -> None:
        """Sends a signal to its group."""
        if self.alive:
            self._to_group(number)

    async def kill(self) -> int:
        """SIGKILL to its group."""
        self.signal(signal.SIGKILL)
        return await self.wait()

    async def stop(self, grace: float | None = None) -> int:
        """Asks it to end and kills the group when the grace (seconds) is over.

        The signal goes to the process alone, as a container's runtime does it.
        """
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, self.spec.stop_signal)
        patience = self.spec.stop_timeout if grace is None else grace
        try:
            return await asyncio.wait_for(self.wait(), patience)
        except TimeoutError:
            return await self.kill()

    def _to_group(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            # Between fork and setsid the group does not exist yet.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _wait(self, output: Output, reading: int) -> int:
        drain = asyncio.ensure_future(_drain(output, reading))
        status = await self._process.wait()
        # What it has started itself ends with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(drain, _OUTPUT_PATIENCE)
        return status


async def _drain(output: Output, reading: int) -> None:
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        await output.drain(stream)
    finally:
        transport.close()


def _stdin(data: bytes | None) -> int:
    """A file in memory, so that nobody has to feed a pipe; /dev/null for none."""
    if data is None:
        return asyncio.subprocess.DEVNULL
    file = os.memfd_create("stdin")
    os.write(file, data)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def ending(status: int) -> str:
    """An exit status in words: `exit 1`, `killed by SIGKILL`."""
    if status >= 0:
        return f"exit {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
